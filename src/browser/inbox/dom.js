// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with properties and children; a text is a text, whatever it contains. A part is what a page
 * may style, and a class by the same name.
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  const { part, ...others } = properties;
  if (part) {
    element.part = element.className = part;
  }
  Object.assign(element, others);
  element.append(...children);
  return element;
}

/** A drawing of 24 × 24 in the colour of the text. */
export function draw(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const path of paths) {
    const element = document.createElementNS(SVG, "path");
    element.setAttribute("d", path);
    svg.append(element);
  }
  return svg;
}

/** Changes what differs, so that nothing is read aloud or drawn again that stayed. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export const drawBell = () => draw(
  "M18 15.5v-5a6 6 0 0 0-12 0v5L4.4 17.9a.4.4 0 0 0 .3.6h14.6a.4.4 0 0 0 .3-.6Z",
  "M10 21.2h4");
export const drawCheck = () => draw("m5 12.5 4.5 4.5L19 7.5");
export const drawCross = () => draw("M6.5 6.5l11 11M17.5 6.5l-11 11");
export const drawRing = () => draw("M12 7a5 5 0 1 0 0 10a5 5 0 1 0 0-10Z");
