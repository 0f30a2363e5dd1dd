// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

const GAP = 8;
const ENOUGH = 320;

/** Puts a panel of the top layer at a button: below it, or above where there is more room. */
export function place(panel, button) {
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const at = button.getBoundingClientRect();
  const isRtl = getComputedStyle(button).direction === "rtl";
  const below = height - at.bottom - 2 * GAP;
  const above = at.top - 2 * GAP;
  const isBelow = below >= Math.min(ENOUGH, above);
  const wanted = isRtl ? at.left : at.right - panel.offsetWidth;
  const left = Math.max(GAP, Math.min(wanted, width - panel.offsetWidth - GAP));
  Object.assign(panel.style, {
    left: `${left}px`,
    top: isBelow ? `${at.bottom + GAP}px` : "auto",
    bottom: isBelow ? "auto" : `${height - at.top + GAP}px`,
    maxHeight: `${Math.max(isBelow ? below : above, 0)}px`,
  });
}
