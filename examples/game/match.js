// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pong for two, without a page: the rules, as one of the two browsers plays them for both.

export const WIDTH = 1.6;
export const HEIGHT = 1;
export const RADIUS = 0.018;
export const PADDLE = { width: 0.022, height: 0.2, inset: 0.06 };
export const GOAL = 7;

const STEP = 1 / 120; // seconds
const PADDLE_SPEED = 2.2; // heights a second
const FIRST_SPEED = 0.85;
const FASTER = 1.06; // with each hit
const TOP_SPEED = 2.2;
const STEEPEST = 1; // radians
const PAUSE = 1.2; // seconds before a serve

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Side 0 is on the left, side 1 on the right. */
export class Match {
  ball = { x: WIDTH / 2, y: HEIGHT / 2, vx: 0, vy: 0 };
  paddles = [0.5, 0.5];
  score = [0, 0];
  /** The side that has won, or null. */
  winner = null;
  /** Goes up with each hit and each point, so that a page can show them. */
  hits = 0;
  #wait = PAUSE;
  #server = 0;
  #rest = 0;

  /** Plays on for so many seconds; targets: where the two want their paddles. */
  advance(seconds, targets) {
    this.#rest = Math.min(this.#rest + seconds, 0.25);
    while (this.#rest >= STEP) {
      this.#rest -= STEP;
      this.#step(targets);
    }
  }

  restart() {
    this.score = [0, 0];
    this.winner = null;
    this.#serveNext(this.#server);
  }

  #step(targets) {
    const reach = PADDLE_SPEED * STEP;
    this.paddles = this.paddles.map((y, side) =>
      clamp(y + clamp(targets[side] - y, -reach, reach), PADDLE.height / 2, HEIGHT - PADDLE.height / 2));
    if (this.winner !== null) {
      return;
    }
    if (this.#wait > 0) {
      this.#wait -= STEP;
      if (this.#wait <= 0) {
        this.#serve();
      }
      return;
    }
    const { ball } = this;
    ball.x += ball.vx * STEP;
    ball.y += ball.vy * STEP;
    if ((ball.y < RADIUS && ball.vy < 0) || (ball.y > HEIGHT - RADIUS && ball.vy > 0)) {
      ball.vy = -ball.vy;
    }
    [0, 1].forEach((side) => this.#hit(side));
    if (ball.x < -RADIUS || ball.x > WIDTH + RADIUS) {
      this.#scorePoint(ball.x < 0 ? 1 : 0);
    }
  }

  #serve() {
    const angle = (Math.random() - 0.5) * 0.9;
    const direction = this.#server === 0 ? 1 : -1;
    this.ball.vx = direction * FIRST_SPEED * Math.cos(angle);
    this.ball.vy = FIRST_SPEED * Math.sin(angle);
  }

  #serveNext(side) {
    this.#server = side;
    this.#wait = PAUSE;
    this.ball = { x: WIDTH / 2, y: HEIGHT / 2, vx: 0, vy: 0 };
  }

  #hit(side) {
    const { ball } = this;
    const isComing = side === 0 ? ball.vx < 0 : ball.vx > 0;
    const face = side === 0
      ? PADDLE.inset + PADDLE.width / 2
      : WIDTH - PADDLE.inset - PADDLE.width / 2;
    const depth = side === 0 ? face - (ball.x - RADIUS) : ball.x + RADIUS - face;
    const offset = (ball.y - this.paddles[side]) / (PADDLE.height / 2 + RADIUS);
    if (!isComing || depth < 0 || depth > PADDLE.width + 2 * RADIUS || Math.abs(offset) > 1) {
      return;
    }
    const speed = Math.min(Math.hypot(ball.vx, ball.vy) * FASTER, TOP_SPEED);
    const angle = offset * STEEPEST;
    ball.vx = (side === 0 ? 1 : -1) * speed * Math.cos(angle);
    ball.vy = speed * Math.sin(angle);
    this.hits++;
  }

  #scorePoint(side) {
    this.score[side]++;
    this.hits++;
    this.#serveNext(1 - side);
    if (this.score[side] >= GOAL) {
      this.winner = side;
    }
  }
}
