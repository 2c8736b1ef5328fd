/**
 * Twocan's mark: two toucans, one looking over the other's shoulder. The same drawing as `public/icon.svg`;
 * here it takes its colours from the theme.
 */

/** @param {{ class?: string }} props */
export function Mark({ class: name = "mark" }) {
  return (
    <svg class={name} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <g class="mark-back">
        <path class="mark-beak" d="M30 9c13-5 27 1 28 14-6-5-15-5-27-2z" />
        <path class="mark-body" d="M8 40V22a14 14 0 0 1 28-1v19z" />
        <circle class="mark-eye" cx="25" cy="17" r="3" />
      </g>
      <g class="mark-front">
        <path class="mark-beak" d="M35 30c13-5 26 2 27 16-6-6-15-6-27-4z" />
        <path class="mark-body" d="M10 60V43a14.5 14.5 0 0 1 29-1v18z" />
        <path class="mark-bib" d="M27 60c-1-8 3-13 12-15v15z" />
        <circle class="mark-eye" cx="29" cy="38" r="3.2" />
      </g>
    </svg>
  );
}
