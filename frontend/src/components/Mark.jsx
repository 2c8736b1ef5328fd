/**
 * Twocan's mark: two toucans, one looking over the other's shoulder. The same drawing as `public/icon.svg`;
 * here it takes its colours from the theme.
 */

/** @param {{ class?: string }} props */
export function Mark({ class: name = "mark" }) {
  return (
    <svg class={name} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <g class="mark-back">
        <path class="mark-beak" d="M28 8.5c12-4.5 25.5.5 27.5 13.5-7-4.5-16-4.5-26-2z" />
        <path class="mark-body" d="M6 54V21.5a14 14 0 0 1 28 0V58H10a4 4 0 0 1-4-4z" />
        <circle class="mark-eye" cx="24.5" cy="17.5" r="3" />
      </g>
      <g class="mark-front">
        <path class="mark-beak" d="M37 30c11-4 23 1 25 13-6-4.5-14-4.5-23-2.5z" />
        <path class="mark-body" d="M16 58V42.5a13.5 13.5 0 0 1 27 0V58z" />
        <path class="mark-bib" d="M31 58c-1-8 3.5-13 12-14.5V58z" />
        <circle class="mark-eye" cx="33.5" cy="38.5" r="3" />
      </g>
    </svg>
  );
}
