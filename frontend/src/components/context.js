/**
 * How components reach the page's state. Knows nothing else.
 */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** @import { App } from "../state/app.js" */

export const AppContext = createContext(/** @type {App | null} */ (null));

/** @returns {App} */
export function useApp() {
  const app = useContext(AppContext);
  if (!app) throw new Error("a component was drawn outside the app");
  return app;
}
