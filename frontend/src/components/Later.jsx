/**
 * A part of the page that is loaded when it is first needed. Knows how to wait and what to say when it does not come.
 */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.js";

/**
 * @template Props
 * @param {object} props
 * @param {() => Promise<import("preact").FunctionComponent<Props>>} props.load
 * @param {Props} props.given
 */
export function Later({ load, given }) {
  const [state, setState] = useState(/** @type {{ Part?: import("preact").FunctionComponent<any>, failed?: boolean }} */ ({}));
  useEffect(() => {
    load().then((Part) => setState({ Part }), () => setState({ failed: true }));
  }, []);
  if (state.failed) return <p class="banner" role="alert">{t("error.network")}</p>;
  return state.Part ? <state.Part {...given} /> : null;
}
