// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The table, on a canvas. I am always on the left.

import { HEIGHT, PADDLE, RADIUS, WIDTH } from "./match.js";

const TRAIL = 14;

export class Table {
  #canvas;
  #context;
  #colors = {};
  #trail = [];
  #hits = 0;
  #flash = 0;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#readColors());
    this.#readColors();
  }

  #readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["table", "net", "me", "other", "ball"]) {
      this.#colors[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  draw({ ball, hits, mine, other }) {
    const context = this.#context;
    const scale = (this.#canvas.clientWidth / WIDTH) * devicePixelRatio;
    this.#canvas.width = WIDTH * scale;
    this.#canvas.height = HEIGHT * scale;
    context.scale(scale, scale);
    context.fillStyle = this.#colors.table;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    this.#drawNet();
    this.#drawPaddle(PADDLE.inset, mine, this.#colors.me);
    this.#drawPaddle(WIDTH - PADDLE.inset, other, this.#colors.other);
    if (ball) {
      this.#drawBall(ball, hits);
    }
  }

  #drawNet() {
    const context = this.#context;
    context.strokeStyle = this.#colors.net;
    context.lineWidth = 0.006;
    context.setLineDash([0.02, 0.025]);
    context.beginPath();
    context.moveTo(WIDTH / 2, 0);
    context.lineTo(WIDTH / 2, HEIGHT);
    context.stroke();
    context.setLineDash([]);
  }

  #drawPaddle(x, y, color) {
    const { width, height } = PADDLE;
    this.#context.fillStyle = color;
    this.#context.beginPath();
    this.#context.roundRect(x - width / 2, y - height / 2, width, height, width / 2);
    this.#context.fill();
  }

  #drawBall(ball, hits) {
    const context = this.#context;
    const disc = ({ x, y }, radius) => {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    };
    context.fillStyle = this.#colors.ball;
    if (!this.#calm.matches) {
      const last = this.#trail.at(-1);
      if (last && Math.hypot(last.x - ball.x, last.y - ball.y) > 0.2) {
        this.#trail = [];
      }
      this.#flash = hits === this.#hits ? this.#flash * 0.88 : 1;
      this.#trail.forEach((place, i) => {
        context.globalAlpha = (0.22 * i) / TRAIL;
        disc(place, (RADIUS * (i + 4)) / (TRAIL + 4));
      });
      context.globalAlpha = 1;
      this.#trail = [...this.#trail, { x: ball.x, y: ball.y }].slice(-TRAIL);
    }
    this.#hits = hits;
    disc(ball, RADIUS * (1 + 0.5 * this.#flash));
  }
}
