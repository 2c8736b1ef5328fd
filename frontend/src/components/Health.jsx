/**
 * How each configured model is, for who runs this: a table on a desk, cards on a phone, of the same elements. Loaded when
 * it is first opened. Knows what an admin is told; when to ask again is `state/health.js`'s, the words are `i18n/health.js`'s.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import { agoText, clockText, countedText, errorWords, hintOf, say, shareText, timeText } from "../i18n/health.js";
import { t } from "../i18n/index.js";
import { vendorText } from "../i18n/models.js";
import { createHealth } from "../state/health.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";
import { ErrorNote } from "./ErrorNote.jsx";
import { Icon } from "./Icon.jsx";

/**
 * @import { ComponentChildren } from "preact"
 * @import { Health as Report, ModelHealth } from "../types.js"
 */

/** Worst first, as they are counted above the table. */
const ICONS = /** @type {const} */ ({ left_alone: "pause", failing: "warning", ready: "ready", unknown: "unasked" });
const STATES = /** @type {(keyof typeof ICONS)[]} */ (Object.keys(ICONS));

/** @param {{ onClose: () => void }} props */
export function Health({ onClose }) {
  const health = useHealth();
  const report = health.report.value;
  const problem = health.problem.value;
  return (
    <Dialog title={t("health.title")} kind="health" onClose={onClose}>
      {problem && <ErrorNote problem={problem} intro={introOf(problem.code, report)} />}
      {report || problem ? <Bar report={report} isReading={health.isReading.value} onRefresh={health.read} /> : <Loading />}
      {report && <Figures report={report} age={health.age.value} />}
    </Dialog>
  );
}

function Loading() {
  return <p class="health-wait" role="status"><span class="pulse" />{say("loading")}</p>;
}

/** @param {{ report: Report, age: number }} props */
function Figures({ report, age }) {
  return (
    <>
      {!report.isShared && <p class="banner" data-testid="one-instance"><Icon name="alert" /><span><Coded text={say("one")} /></span></p>}
      {report.models.length > 0 ? <Table report={report} age={age} /> : <NoModels />}
    </>
  );
}

/** Read once a second whether it is time to ask again, while the tab can be seen. */
function useHealth() {
  const { api, clock } = useApp();
  const health = useMemo(() => createHealth({ api, now: clock.now }), []);
  useEffect(() => {
    void health.read();
    const timer = setInterval(() => document.visibilityState === "visible" && health.tick(), 1000);
    return () => {
      clearInterval(timer);
      health.stop();
    };
  }, [health]);
  return health;
}

/** What failed, where the error alone does not say. @param {string} code @param {Report | null} report */
function introOf(code, report) {
  if (code === "forbidden") return "";
  return report ? say("stale", { time: clockText(report) }) : say("failed");
}

/** @param {{ report: Report | null, isReading: boolean, onRefresh: () => Promise<void> }} props */
function Bar({ report, isReading, onRefresh }) {
  const [isWanted, setWanted] = useState(false);
  const counts = STATES.map((state) => ({ state, n: report?.models.filter((one) => one.state === state).length ?? 0 }));
  return (
    <div class="health-bar">
      <ul class="health-counts" aria-label={say("inAll")}>
        {counts.map(({ state, n }) => n > 0 && <li key={state}><Badge state={state} n={n} /></li>)}
      </ul>
      <p class="small-print health-numbers">{report && say("asOf", { time: clockText(report) })}</p>
      <button
        type="button" class="plain" data-testid="refresh" aria-disabled={isReading}
        onClick={() => { setWanted(true); void onRefresh(); }}
      >
        <span class={isReading ? "health-turn is-turning" : "health-turn"}><Icon name="redo" /></span>{say("refresh")}
      </button>
      {/* Only what somebody asked for is said aloud; the view is read anew by itself all the time. */}
      <p class="off-screen" role="status">{isWanted && report && !isReading && say("refreshed", { time: clockText(report) })}</p>
    </div>
  );
}

/** @param {{ state: ModelHealth["state"], n?: number }} props */
function Badge({ state, n }) {
  return <span class={`health-badge is-${state}`}><Icon name={ICONS[state]} />{n} {say(`state.${state}`)}</span>;
}

function NoModels() {
  return (
    <div class="health-empty">
      <Icon name="unasked" />
      <p>{say("empty")}</p>
      <p class="small-print"><Coded text={say("emptyText")} /></p>
    </div>
  );
}

/**
 * The roles are written out because browsers forget them where a table's elements are laid out as cards.
 * @param {{ report: Report, age: number }} props
 */
function Table({ report, age }) {
  return (
    <>
      <table class="health" role="table" aria-label={t("health.title")}>
        <thead role="rowgroup">
          <tr role="row">
            <Column name="name">{say("model")}</Column>
            <Column name="about off-screen">{say("where")}</Column>
            <Column name="state">{say("state")}</Column>
            <Column name="failed">{say("failures")}</Column>
            <Column name="p50">{say("firstToken")} <span class="small-print">{say("firstToken.p50")}</span></Column>
            <Column name="p95">{say("firstToken")} <span class="small-print">{say("firstToken.p95")}</span></Column>
            <Column name="error">{say("lastError")}</Column>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {report.models.map((model) => <Row key={model.id} model={model} report={report} age={age} />)}
        </tbody>
      </table>
      <p class="small-print">{countedText(report)}</p>
    </>
  );
}

/** @param {{ name: string, children: ComponentChildren }} props */
function Column({ name, children }) {
  return <th role="columnheader" scope="col" class={`health-${name}`}>{children}</th>;
}

/** @param {{ model: ModelHealth, report: Report, age: number }} props */
function Row({ model, report, age }) {
  const { id, state, firstToken, lastError } = model;
  const hint = hintOf(model, report.period, age);
  return (
    <tr role="row" data-testid="model-health" data-state={state}>
      <th role="rowheader" scope="row" class="health-name">{id}</th>
      <td role="cell" class="health-about small-print"><About model={model} /></td>
      <td role="cell" class="health-state"><Badge state={state} />{hint && <p class="small-print">{hint}</p>}</td>
      <Cell name="failed" label={say("failures")}><Failures model={model} /></Cell>
      <Cell name="p50" label={say("firstTokenOf", { which: say("firstToken.p50") })}><Time ms={firstToken?.p50} /></Cell>
      <Cell name="p95" label={say("firstTokenOf", { which: say("firstToken.p95") })}><Time ms={firstToken?.p95} /></Cell>
      <Cell name={lastError ? "error is-long" : "error"} label={say("lastError")}><LastError model={model} now={report.at + age} /></Cell>
    </tr>
  );
}

/** A cell, with its column's name for where there are no columns. @param {{ name: string, label: string, children: ComponentChildren }} props */
function Cell({ name, label, children }) {
  return (
    <td role="cell" class={`health-${name}`}>
      <span class="health-label" aria-hidden="true">{label}</span>
      <div class="health-value">{children}</div>
    </td>
  );
}

/** @param {{ model: ModelHealth }} props */
function About({ model: { vendor, model, host, routes } }) {
  const whose = [vendorText({ vendors: [vendor] }), model].filter(Boolean).join(" · ");
  return (
    <>
      <p>{whose}</p>
      <p class="health-ways">
        <span>{host}</span>
        {routes.length > 0 && <span>{say("routes", { names: routes.join(", ") })}</span>}
      </p>
    </>
  );
}

/** @param {{ model: ModelHealth }} props */
function Failures({ model: { asked, failed } }) {
  if (asked === 0) return <Nothing words={say("notAsked")} />;
  return (
    <>
      <p>{say("failuresOf", { failed, asked })}</p>
      {failed > 0 && <p class="small-print">{shareText(failed, asked)}</p>}
    </>
  );
}

/** @param {{ ms: number | undefined }} props */
function Time({ ms }) {
  return ms === undefined ? <Nothing words={say("notMeasured")} /> : <p>{timeText(ms)}</p>;
}

/** @param {{ model: ModelHealth, now: number }} props  by the clock that has told the error's time */
function LastError({ model: { lastError }, now }) {
  if (!lastError) return <Nothing words={say("noError")} />;
  const { what, advice } = errorWords(lastError.code);
  return (
    <>
      <p class="health-what">{what} <span class="health-ago">{agoText(now - lastError.at)}</span></p>
      {advice && <p class="small-print"><Coded text={advice} /></p>}
    </>
  );
}

/** A dash for the eye, words for the ear. @param {{ words: string }} props */
function Nothing({ words }) {
  return <p class="health-nothing"><span aria-hidden="true">—</span><span class="off-screen">{words}</span></p>;
}

/** Text in which backticks stand around what is written in a file. @param {{ text: string }} props */
function Coded({ text }) {
  return <>{text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}</>;
}
