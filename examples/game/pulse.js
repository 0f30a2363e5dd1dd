// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Round-trip times, and the picture of the last of them.

const KEPT = 40;
const LOST = 3000; // ms after which an answer is not waited for

/** Sends a number now and then, and measures when it comes back. Its event: "change". */
export class Pulse extends EventTarget {
  #send;
  #timer;
  #sent = new Map();
  #next = 1;
  /** Of the last ones, in ms. */
  times = [];

  constructor(send, interval = 500) {
    super();
    this.#send = send;
    this.#timer = setInterval(() => this.#beat(), interval);
  }

  #beat() {
    const now = performance.now();
    for (const [number, at] of this.#sent) {
      if (now - at > LOST) {
        this.#sent.delete(number);
      }
    }
    const number = this.#next++;
    this.#sent.set(number, now);
    this.#send(number);
  }

  answered(number) {
    const at = this.#sent.get(number);
    if (at !== undefined) {
      this.#sent.delete(number);
      this.times = [...this.times, performance.now() - at].slice(-KEPT);
      this.dispatchEvent(new Event("change"));
    }
  }

  /** The middle one of the last few: a single hiccup says nothing. */
  get median() {
    const sorted = this.times.slice(-15).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/** A line of the times on a canvas; the highest of all lines is the scale of each. */
export function drawSpark(canvas, times, top) {
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  if (times.length < 2) {
    return;
  }
  context.beginPath();
  times.forEach((time, i) => {
    const x = width - ((times.length - 1 - i) * width) / (KEPT - 1);
    const y = height - 2 - (Math.min(time / top, 1) * (height - 4));
    i === 0 ? context.moveTo(x, y) : context.lineTo(x, y);
  });
  const { color } = getComputedStyle(canvas);
  context.strokeStyle = color;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.stroke();
  context.lineTo(width, height);
  context.lineTo(width - ((times.length - 1) * width) / (KEPT - 1), height);
  context.globalAlpha = 0.12;
  context.fillStyle = color;
  context.fill();
}
