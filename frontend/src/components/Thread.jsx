/**
 * The conversation as a scrolling log. Knows when to follow the growing answer (`text/follow.js` decides) and
 * never moves what the reader is looking at.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { afterScroll } from "../text/follow.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";
import { Message } from "./Message.jsx";

/** @param {{ conversation: import("../types.js").Conversation }} props */
export function Thread({ conversation }) {
  const { answers } = useApp();
  const { id, messages } = conversation;
  const isBusy = answers.running.value.has(id);
  const { box, content, isFollowing, onScroll, toLatest } = useFollowing(isBusy ? messages.at(-1)?.id : undefined);
  return (
    <div class="thread-frame">
      <div class="thread" ref={box} onScroll={onScroll} role="log" aria-live="off" aria-label={t("thread.label")} aria-busy={isBusy} tabIndex={0}>
        <div class="thread-inside" ref={content}>
          {messages.map((message, index) => (
            <Message key={message.id} conversationId={id} message={message} isLast={index === messages.length - 1} isBusy={isBusy} />
          ))}
        </div>
      </div>
      {!isFollowing && (
        <button type="button" class="to-latest" data-testid="jump-to-latest" onClick={toLatest}>
          <Icon name="down" />{t("thread.latest")}
        </button>
      )}
    </div>
  );
}

/** @param {string | undefined} asked  the answer being given here: asking for it is asking to see it */
function useFollowing(asked) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const content = useRef(/** @type {HTMLDivElement | null} */ (null));
  const state = useRef({ following: true, top: 0 });
  const [isFollowing, setFollowing] = useState(true);

  function toBottom() {
    if (!box.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    // Noted, or the scroll event that follows would look like the reader's own.
    state.current = { ...state.current, top: box.current.scrollTop };
  }

  function toLatest() {
    state.current = { ...state.current, following: true };
    setFollowing(true);
    toBottom();
  }

  function onScroll() {
    if (!box.current) return;
    state.current = afterScroll(state.current, box.current);
    setFollowing(state.current.following);
  }

  useLayoutEffect(toLatest, []);
  useLayoutEffect(() => {
    if (asked) toLatest();
  }, [asked]);

  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (state.current.following) toBottom();
      // What has shrunk until it fits is seen whole, though nobody scrolled.
      else onScroll();
    });
    if (content.current) watch.observe(content.current);
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  return { box, content, isFollowing, onScroll, toLatest };
}
