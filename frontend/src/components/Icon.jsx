/**
 * The page's own icons, drawn on a 20 by 20 grid with one stroke. To add an icon, add its path here.
 */

/** @type {Record<string, string>} */
const PATHS = {
  menu: "M3 6h14M3 10h9M3 14h14",
  plus: "M10 4v12M4 10h12",
  send: "M10 16V4.5M5 9l5-5 5 5",
  stop: "M6.5 6.5h7v7h-7z",
  copy: "M7.5 7.5h9v9h-9zM4.5 12.5h-1v-9h9v1",
  check: "m4 10.5 4 4 8-9",
  redo: "M16 9a6.2 6.2 0 1 0-1.2 4.6M16.5 4v5h-5",
  edit: "m4 16 .8-3.6L13.2 4l2.8 2.8-8.4 8.4zM11.5 5.7l2.8 2.8",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10",
  settings: "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
  close: "m5 5 10 10M15 5 5 15",
  down: "M10 4v11M5 10.5l5 5 5-5",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5zM10 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  eyeOff: "M3.5 3.5l13 13M8 5.3c4-1 7.5 2 9.5 4.7a15 15 0 0 1-2.3 2.6M12 14.7c-4 1-7.5-2-9.5-4.7A15 15 0 0 1 4.8 7.4",
  alert: "M10 6.5v4.5M10 13.8h.01M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4z",
  leave: "M8 4H4v12h4M8.5 10H17M13.5 6.5 17 10l-3.5 3.5",
  tool: "M12.3 3.3a4 4 0 0 0-4.9 5.3l-4.7 4.7a1.6 1.6 0 0 0 0 2.3l1.7 1.7a1.6 1.6 0 0 0 2.3 0l4.7-4.7a4 4 0 0 0 5.3-4.9l-2.5 2.5-2.8-.6-.6-2.8z",
  clip: "m15.5 9.5-5.6 5.6a3.6 3.6 0 0 1-5-5l6-6a2.4 2.4 0 0 1 3.4 3.4l-6 6a1.2 1.2 0 0 1-1.7-1.7l5.2-5.3",
  file: "M5 2.8h6.5L15 6.3v10.9H5zM11.3 3v3.5h3.5",
  chevron: "m6 8 4 4 4-4",
  health: "M2.5 10.5h3.3L8.3 4l3.7 12 2.3-5.5h3.2",
  ready: "M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4zM6.8 10.3l2.3 2.3 4.2-4.8",
  warning: "M10 3.2 17.8 16.6H2.2zM10 8v4M10 14.3h.01",
  pause: "M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4zM8.2 7.4v5.2M11.8 7.4v5.2",
  unasked: "M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4zM7 10h6",
};

/** @param {{ name: keyof typeof PATHS }} props */
export function Icon({ name }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
