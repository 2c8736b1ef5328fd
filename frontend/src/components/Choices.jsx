/**
 * The page's three choices, each over a native select: language, theme, model. Knows preferences and models.
 */

import { LANGUAGES, language, t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";

const THEMES = ["system", "light", "dark"];

/**
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.testId
 * @param {string} props.value
 * @param {{ value: string, name: string, disabled?: boolean }[]} props.options
 * @param {(value: string) => void} props.onChoose
 * @param {boolean} [props.invalid]
 * @param {boolean} [props.disabled]
 */
function Select({ label, testId, value, options, onChoose, invalid = false, disabled = false }) {
  return (
    <span class="select">
      <select
        aria-label={label} data-testid={testId} value={value} aria-invalid={invalid} disabled={disabled}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled} selected={option.value === value}>
            {option.name}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </span>
  );
}

export function LanguageSelect() {
  const { preferences } = useApp();
  const options = Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, name }));
  return (
    <Select
      label={t("settings.language")} testId="language-select" value={language.value} options={options}
      onChoose={(value) => preferences.setDevice({ language: value })}
    />
  );
}

export function ThemeSelect() {
  const { preferences } = useApp();
  const options = THEMES.map((value) => ({ value, name: t(`settings.theme.${value}`) }));
  return (
    <Select
      label={t("settings.theme")} testId="theme-select" value={preferences.device.value.theme} options={options}
      onChoose={(theme) => preferences.setDevice({ theme })}
    />
  );
}

/** @param {{ conversation: import("../types.js").Conversation }} props */
export function ModelPicker({ conversation }) {
  const { conversations, models, preferences } = useApp();
  const { model } = conversation;
  const hasNone = models.list.value.length === 0;
  const isGone = !hasNone && !models.list.value.includes(model);
  const options = models.list.value.map((value) => ({ value, name: value, disabled: false }));
  if (hasNone) options.push({ value: model, name: model || t(models.isEmpty.value ? "model.none" : "model.loading"), disabled: false });
  if (isGone) options.unshift({ value: model, name: t("model.gone", { model }), disabled: true });

  /** @param {string} chosen */
  function choose(chosen) {
    conversations.update(conversation.id, () => ({ model: chosen }));
    preferences.setPerson({ lastModel: chosen });
    void conversations.save(conversation.id);
  }

  return (
    <Select
      label={t("model.label")} testId="model-picker" value={model} options={options} onChoose={choose} invalid={isGone}
      disabled={hasNone}
    />
  );
}
