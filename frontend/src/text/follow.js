/**
 * Whether the view follows the growing answer. Knows three numbers of a scroll box; must not know elements.
 *
 * Rule 1: only the reader stops the following, by moving up.
 * Rule 2: only the reader starts it again, by coming back to the bottom (or by asking for the latest).
 */

/**
 * @typedef {{ scrollTop: number, clientHeight: number, scrollHeight: number }} Box
 * @typedef {{ following: boolean, top: number }} Follow
 */

// Closer than this is "at the bottom": half a line of text, and what zooming rounds away.
const SLACK = 24;

/** @param {Box} box */
export function isAtBottom({ scrollTop, clientHeight, scrollHeight }) {
  return scrollHeight - clientHeight - scrollTop <= SLACK;
}

/**
 * The state after a scroll event, whoever caused it.
 * @param {Follow} state
 * @param {Box} box
 * @returns {Follow}
 */
export function afterScroll(state, box) {
  const top = box.scrollTop;
  if (isAtBottom(box)) return { following: true, top };
  const movedUp = top < state.top - 1;
  return { following: state.following && !movedUp, top };
}
