import { Button, createTheme } from '@mantine/core';

/** The green of a reader's light, the one color of the brand. */
export const theme = createTheme({
  colors: {
    // Mantine's neutral dark, moved to the hue of the page.
    dark: [
      '#e6ede9',
      '#c2ccc6',
      '#a2b1a9',
      '#7d8a83',
      '#2f3f37',
      '#22302a',
      '#18241e',
      '#0c1411',
      '#0a110e',
      '#070d0a',
    ],
  },
  primaryColor: 'teal',
  primaryShade: { light: 9, dark: 4 },
  autoContrast: true,
  defaultRadius: 'md',
  components: {
    // Mantine picks the ink of a filled button for the light shade only; in the dark scheme nobody could read it.
    Button: Button.extend({
      vars: (_theme, { variant = 'filled' }) => ({
        root:
          variant === 'filled'
            ? {
                '--button-bg': 'var(--rc-action)',
                '--button-hover': 'var(--rc-action-hover)',
                '--button-color': 'var(--rc-action-ink)',
              }
            : {},
      }),
    }),
  },
  respectReducedMotion: true,
  fontFamily: 'var(--rc-font)',
  fontFamilyMonospace: 'var(--rc-mono)',
  headings: { fontFamily: 'var(--rc-font)', fontWeight: '650' },
});
