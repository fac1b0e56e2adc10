import { NativeSelect } from '@mantine/core';
import { IconSelector } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { isLanguage, LANGUAGES } from '../../i18n/languages.js';
import { switchLanguage } from '../../i18n/start.js';
import css from './LanguageSwitch.module.css';

const CHOICES = Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, label: name }));

/** The system's own list: the best there is on a phone, and known to every screen reader. */
export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <NativeSelect
      aria-label={t('header.language')}
      size="xs"
      data={CHOICES}
      value={i18n.language}
      rightSection={<IconSelector size={16} aria-hidden="true" />}
      classNames={{ input: css.input ?? '', section: css.section ?? '' }}
      onChange={(event) => {
        const { value } = event.currentTarget;
        if (isLanguage(value)) void switchLanguage(value);
      }}
    />
  );
}
