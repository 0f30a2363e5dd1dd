// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// As a sheet that is constructed, it is let in by a Content-Security-Policy without 'unsafe-inline'.
// No minifier looks into it, so what there is to explain stands here:
// .title::after makes the whole card the title's target; what else can be clicked lies above.
// match-parent: each text runs in its own direction, but all of them begin at the same edge.
// hover: none: where there is no pointer, the tools take their place for good, and the time gives way.

export const sheet = new CSSStyleSheet();

sheet.replaceSync(`
:host {
  --surface: var(--belfry-surface, light-dark(#ffffff, #26262a));
  --text: var(--belfry-text, light-dark(#1d1d20, #f3f3f5));
  --muted: var(--belfry-muted, light-dark(#5f5f68, #a9a9b4));
  --line: var(--belfry-line, light-dark(#e4e4e8, #3a3a40));
  --accent: var(--belfry-accent, light-dark(#1c64c8, #7ab4ff));
  --on-accent: var(--belfry-on-accent, light-dark(#ffffff, #10243e));
  --badge: var(--belfry-badge, #c8102e);
  --on-badge: var(--belfry-on-badge, #ffffff);
  --warning: var(--belfry-warning, light-dark(#fdf3d7, #3d3319));
  --on-warning: var(--belfry-on-warning, light-dark(#5c4300, #f7dc94));
  --radius: var(--belfry-radius, 14px);
  --hover: color-mix(in srgb, var(--text) 6%, var(--surface));
  --fresh: color-mix(in srgb, var(--accent) 7%, var(--surface));
  display: inline-block; color: var(--text); text-align: start;
  font-family: var(--belfry-font, inherit); font-size: 0.875rem; font-weight: 400; line-height: 1.45;
}
:host([inline]) { display: block; }
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
button, a { font: inherit; color: inherit; text-decoration: none; }
button { margin: 0; padding: 0; border: 0; background: none; cursor: pointer; text-align: start; }
.plain, .more, .action, .older { font-size: 0.8125rem; font-weight: 600; }
.plain, .more, .older { color: var(--accent); }
svg {
  display: block; width: 1.25em; height: 1.25em;
  fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.aside {
  position: absolute; width: 1px; height: 1px; margin: -1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}

.bell {
  position: relative; display: grid; place-items: center;
  width: 2.75rem; height: 2.75rem; border-radius: 50%;
}
.bell svg { width: 1.5rem; height: 1.5rem; stroke-width: 1.75; }
.bell:hover, .bell:has(+ .panel:popover-open) { background: color-mix(in srgb, currentColor 9%, transparent); }
.badge {
  position: absolute; inset-block-start: 0.0625rem; inset-inline-start: 54%;
  min-width: 1.125rem; padding: 0 0.25rem; border-radius: 1rem;
  background: var(--badge); color: var(--on-badge);
  box-shadow: 0 0 0 2px var(--surface);
  font-size: 0.6875rem; font-weight: 700; line-height: 1.125rem; text-align: center;
  font-variant-numeric: tabular-nums;
}

.panel {
  flex-direction: column; min-height: 0; overflow: hidden;
  border: 1px solid var(--line); border-radius: var(--radius);
  background: var(--surface); color: var(--text);
}
.panel:focus { outline: none; }
.panel[popover] {
  position: fixed; inset: auto; margin: 0; padding: 0;
  width: var(--belfry-width, 25rem); max-width: calc(100vw - 16px);
  box-shadow: 0 12px 32px rgb(0 0 0 / 18%), 0 2px 6px rgb(0 0 0 / 10%);
}
.panel:popover-open, :host([inline]) .panel { display: flex; }
:host([inline]) .panel { max-height: var(--belfry-max-height, none); }
.header, .status {
  display: flex; flex: none; align-items: center; justify-content: space-between; gap: 1rem;
  padding-block: 0.5rem; padding-inline: 1.25rem 0.75rem;
}
.header {
  min-height: 3.25rem; border-block-end: 1px solid var(--line);
}
h2 { margin: 0; font-size: 1.0625rem; font-weight: 700; line-height: 1.3; }
.plain { flex: none; padding: 0.3rem 0.6rem; border-radius: 0.5rem; }
.plain:hover:not(:disabled) { background: color-mix(in srgb, var(--accent) 10%, transparent); }
.plain:disabled { color: var(--muted); cursor: default; font-weight: 400; }
.status {
  background: var(--warning); color: var(--on-warning); font-size: 0.8125rem; overflow-wrap: anywhere;
}
.status.quiet { padding: 0; }
.status .plain { color: inherit; text-decoration: underline; }
.scroller { flex: 1 1 auto; min-height: 0; overflow-y: auto; overscroll-behavior: contain; }

.list { margin: 0; padding: 0; list-style: none; }
.item {
  position: relative; display: flex; align-items: flex-start; gap: 0.75rem;
  padding: 0.875rem 1.25rem;
  content-visibility: auto; contain-intrinsic-size: auto 4.75rem;
}
.item + .item { border-block-start: 1px solid var(--line); }
.item:hover { background: var(--hover); }
.unread { background: var(--fresh); }
.unread:hover { background: color-mix(in srgb, var(--accent) 11%, var(--surface)); }
.mark {
  position: absolute; inset-inline-start: 0.4375rem; inset-block-start: 1.1875rem;
  width: 0.5rem; height: 0.5rem; border-radius: 50%;
}
.unread .mark { background: var(--accent); }
.icon { flex: none; width: 2.25rem; height: 2.25rem; border-radius: 0.5rem; object-fit: cover; }
.text { flex: 1; min-width: 0; }
.list:has(.icon) .item:not(:has(.icon)) .text { margin-inline-start: 3rem; }
.head { display: flex; align-items: baseline; gap: 0.75rem; }
.title {
  flex: 1; min-width: 0; font-weight: 500; overflow-wrap: anywhere;
}
.title > [dir] { display: block; }
.title > [dir], .body { text-align: -webkit-match-parent; text-align: match-parent; }
.unread .title { font-weight: 650; }
.title::after { content: ""; position: absolute; inset: 0; }
.title:focus-visible { outline: none; }
.title:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -3px; border-radius: 0.375rem; }
time {
  position: relative; flex: none; color: var(--muted);
  font-size: 0.75rem; font-variant-numeric: tabular-nums;
}
.body { margin: 0.125rem 0 0; color: var(--muted); white-space: pre-line; overflow-wrap: anywhere; }
.folded { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 4; }
.more { position: relative; margin-block-start: 0.25rem; }
.more:hover { text-decoration: underline; }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-block-start: 0.625rem; }
.action {
  position: relative; max-width: 100%; padding: 0.25rem 0.75rem; border: 1px solid var(--line);
  border-radius: 0.5rem; background: var(--surface); overflow-wrap: anywhere;
}
.action:hover { border-color: var(--accent); color: var(--accent); }
.action:first-child { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.action:first-child:hover { background: color-mix(in srgb, var(--accent) 88%, var(--text)); }
.tools { display: flex; flex: none; margin-block-start: -0.25rem; margin-inline: -0.25rem -0.625rem; }
.tool {
  position: relative; display: grid; place-items: center; width: 1.875rem; height: 1.875rem;
  border-radius: 50%; color: var(--muted);
}
.tool svg { width: 1.0625rem; height: 1.0625rem; }
.tool:hover { background: color-mix(in srgb, var(--text) 10%, transparent); color: var(--text); }
@media (hover: hover) {
  .tools {
    position: absolute; inset-block-start: 0.5rem; inset-inline-end: 0.625rem; margin: 0;
    padding-inline-start: 0.25rem; border-radius: 1rem; background: inherit; opacity: 0;
  }
  .item:hover .tools, .item:focus-within .tools { opacity: 1; }
  .item:hover time, .item:focus-within time { opacity: 0; }
}
@media (hover: none) {
  .head { flex-direction: column; gap: 0.125rem; }
}

.empty slot {
  display: flex; flex-direction: column; align-items: center; gap: 0.75rem;
  padding: 3rem 1.5rem; color: var(--muted); text-align: center;
}
.empty svg { width: 2.5rem; height: 2.5rem; stroke-width: 1.25; opacity: 0.7; }
.older {
  width: 100%; padding: 0.75rem; border-block-start: 1px solid var(--line); text-align: center;
}
.older:hover { background: var(--hover); }
.older[aria-disabled="true"] { color: var(--muted); }
.older:focus-visible { outline-offset: -3px; }
.loading { padding: 0.25rem 1.25rem; }
.skeleton {
  height: 2.25rem; margin: 1rem 0;
  background:
    linear-gradient(var(--line) 0 0) 0 0.1rem / 55% 0.75rem no-repeat,
    linear-gradient(var(--line) 0 0) 0 1.4rem / 85% 0.65rem no-repeat;
}
.skeleton:dir(rtl) { background-position: 100% 0.1rem, 100% 1.4rem; }

@media (prefers-reduced-motion: no-preference) {
  .tools, time, .action, .tool, .item { transition: opacity 0.12s, background-color 0.12s; }
  .skeleton { animation: wait 1.4s ease-in-out infinite alternate; }
  .rings > svg { transform-origin: 50% 12%; animation: ring 0.8s ease-in-out; }
  @keyframes wait { to { opacity: 0.45; } }
  @keyframes ring {
    15%, 55% { transform: rotate(14deg); }
    35%, 75% { transform: rotate(-12deg); }
  }
}
@media (forced-colors: active) {
  .badge, .unread .mark { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .action, .panel { border-color: ButtonText; }
}
`);
