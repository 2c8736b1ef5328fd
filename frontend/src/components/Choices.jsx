/**
 * Two of the page's choices, each over a native select: language and theme. Knows preferences.
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
 * @param {{ value: string, name: string }[]} props.options
 * @param {(value: string) => void} props.onChoose
 */
function Select({ label, testId, value, options, onChoose }) {
  return (
    <span class="select">
      <select
        aria-label={label} data-testid={testId} value={value} onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
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
