/**
 * Which model is asked, and what is known of each. Knows models and their words; must not know how one is asked.
 */

import { contextText, priceText, routeText, spokenModel, vendorText } from "../i18n/models.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";
import { Listbox } from "./Listbox.jsx";

/** @import { Model } from "../types.js" */

/** @param {{ conversation: import("../types.js").Conversation }} props */
export function ModelPicker({ conversation }) {
  const { conversations, models, preferences } = useApp();
  const { model } = conversation;
  const { all, list, isEmpty } = models;
  const hasNone = list.value.length === 0;
  const isGone = !hasNone && !list.value.includes(model);
  const options = all.value.map((one) => ({ value: one.id, spoken: spokenModel(one), row: <ModelRow model={one} /> }));
  const missing = model || t(isEmpty.value ? "model.none" : "model.loading");

  /** @param {string} chosen */
  function choose(chosen) {
    conversations.update(conversation.id, () => ({ model: chosen }));
    preferences.setPerson({ lastModel: chosen });
    void conversations.save(conversation.id);
  }

  return (
    <Listbox
      label={t("model.label")} testId="model-picker" value={model} shown={isGone ? t("model.gone", { model }) : missing}
      options={options} onChoose={choose} invalid={isGone} disabled={hasNone} note={priceNote(all.value)}
    />
  );
}

/** What the prices beside the models mean, "" where there are none. @param {Model[]} models */
export function priceNote(models) {
  const dates = models.flatMap(({ price }) => (price ? [price.date] : [])).sort();
  return dates.length > 0 ? t("model.priceNote", { date: dates[0] }) : "";
}

/** @param {{ model: Model }} props  for the eye only: whoever draws it says `spokenModel` besides */
export function ModelRow({ model }) {
  const numbers = [contextText(model.context), priceText(model)].filter(Boolean).join(" · ");
  const behind = routeText(model);
  return (
    <span class="model-row" aria-hidden="true">
      <span class="model-head">
        <span class="model-name">{model.id}</span>
        {model.vision && <span class="model-mark" title={t("model.vision")}><Icon name="eye" /></span>}
        {model.tools && <span class="model-mark" title={t("model.tools")}><Icon name="tool" /></span>}
      </span>
      <span class="model-facts">
        <span>{vendorText(model)}</span>
        {numbers && <span class="model-numbers">{numbers}</span>}
      </span>
      {behind && <span class="model-behind">{behind}</span>}
    </span>
  );
}
