/**
 * When to show text that arrives faster than eyes read. Knows frames and clocks; must not know what is painted.
 *
 * Rule 1: at most once a frame, and after a slow paint a rest twice as long, so that the page stays responsive.
 * Rule 2: a hidden tab has no frames, so a timer always stands behind the frame.
 */

/**
 * @typedef {object} Clock
 * @property {(callback: () => void) => unknown} frame
 * @property {(callback: () => void, ms: number) => unknown} later
 * @property {() => number} now
 */

const WITHOUT_FRAME_MS = 250;
const REST_FACTOR = 2;

/**
 * @param {() => void} paint
 * @param {Clock} clock
 */
export function createPainter(paint, clock) {
  let wanted = false;
  let restUntil = 0;

  function fire() {
    if (!wanted) return;
    wanted = false;
    const started = clock.now();
    paint();
    // The real work (render, layout) happens after this task, so the bill is read in the next one.
    clock.later(() => (restUntil = clock.now() + (clock.now() - started) * REST_FACTOR), 0);
  }

  function schedule() {
    const rest = restUntil - clock.now();
    if (rest > 0) return clock.later(fire, rest);
    clock.frame(fire);
    return clock.later(fire, WITHOUT_FRAME_MS);
  }

  return {
    want() {
      if (wanted) return;
      wanted = true;
      schedule();
    },
  };
}
