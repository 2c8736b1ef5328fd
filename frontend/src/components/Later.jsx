/**
 * A part of the page that is loaded when it is first needed. Knows how to wait and what to say when it does not come.
 */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { Dialog } from "./Dialog.jsx";

/**
 * @template Props
 * @param {object} props
 * @param {() => Promise<import("preact").FunctionComponent<Props>>} props.load
 * @param {Props} props.given
 * @param {{ title: string, onClose: () => void }} [props.dialog]  where the part is one: what says that it does not come is one, too
 */
export function Later({ load, given, dialog }) {
  const [state, setState] = useState(/** @type {{ Part?: import("preact").FunctionComponent<any>, failed?: boolean }} */ ({}));
  useEffect(() => {
    load().then((Part) => setState({ Part }), () => setState({ failed: true }));
  }, []);
  if (state.Part) return <state.Part {...given} />;
  if (!state.failed) return null;
  const note = <p class="banner" role="alert">{t("error.network")}</p>;
  return dialog ? <Dialog {...dialog}>{note}</Dialog> : note;
}
