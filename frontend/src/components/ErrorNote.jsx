/**
 * One error, told to a person, with what the server's owner needs in small print.
 */

import { problemText } from "../i18n/problems.js";
import { t } from "../i18n/index.js";
import { Icon } from "./Icon.jsx";

/**
 * @param {object} props
 * @param {import("../types.js").Problem} props.problem
 * @param {string} [props.intro]  what failed, where the error alone does not say
 * @param {import("preact").ComponentChildren} [props.children]  what one can do about it
 */
export function ErrorNote({ problem, intro, children }) {
  return (
    <div class="error-note" role="alert" data-testid="error">
      <Icon name="alert" />
      <div class="error-words">
        <p>{intro && `${intro} `}{problemText(problem)}</p>
        {/* Who mistyped a password can mend it alone: no number for the owner is wanted. */}
        {problem.requestId && problem.code !== "invalid_credentials" && <p class="small-print">{t("error.requestId", { id: problem.requestId })}</p>}
      </div>
      {children}
    </div>
  );
}
