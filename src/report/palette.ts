/** Colours of the conformance page. Every ink stands on `paper` and on `panel`; every verdict's ink on its own tint too. */
export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly link: string;
  readonly verdicts: Readonly<Record<VerdictColour, { readonly ink: string; readonly tint: string }>>;
}

/** Names of the classes in the style sheet; each has a text colour and a tint behind it. */
export type VerdictColour = 'fail' | 'error' | 'inconc' | 'notrun' | 'waived' | 'pass' | 'na';

/** On screens by day, and on paper. Contrasts are tested. */
export const LIGHT: Palette = {
  paper: '#ffffff',
  panel: '#f5f6f8',
  ink: '#1b1f24',
  muted: '#545d68',
  rule: '#d5dae0',
  link: '#1f4f8f',
  verdicts: {
    fail: { ink: '#a3161a', tint: '#fdeceb' },
    error: { ink: '#834300', tint: '#fdf1e0' },
    inconc: { ink: '#5b3aa6', tint: '#f1ecfb' },
    notrun: { ink: '#46525f', tint: '#e9edf1' },
    waived: { ink: '#8a2a5e', tint: '#fbecf4' },
    pass: { ink: '#14622f', tint: '#e7f5eb' },
    na: { ink: '#5a636e', tint: '#f2f4f6' },
  },
};

/** Where the reader's system asks for dark pages. */
export const DARK: Palette = {
  paper: '#14171b',
  panel: '#1c2126',
  ink: '#e6e9ed',
  muted: '#a3adb8',
  rule: '#343b43',
  link: '#8fb8f0',
  verdicts: {
    fail: { ink: '#ff9c96', tint: '#3d1b1c' },
    error: { ink: '#f5b971', tint: '#382814' },
    inconc: { ink: '#c4b0f7', tint: '#2a2340' },
    notrun: { ink: '#b7c2ce', tint: '#272e36' },
    waived: { ink: '#f2a5cd', tint: '#381d2d' },
    pass: { ink: '#86d9a0', tint: '#16301f' },
    na: { ink: '#a3adb8', tint: '#1f252b' },
  },
};

function variables(p: Palette): string {
  const verdicts = Object.entries(p.verdicts).map(([name, { ink, tint }]) => `--${name}:${ink};--${name}-tint:${tint}`);
  const base = [
    `--paper:${p.paper}`,
    `--panel:${p.panel}`,
    `--ink:${p.ink}`,
    `--muted:${p.muted}`,
    `--rule:${p.rule}`,
    `--link:${p.link}`,
  ];
  return [...base, ...verdicts].join(';');
}

/** The colours as CSS: light, dark where the reader prefers it, and always light on paper. */
export const PALETTE_CSS = `:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
@media print{:root{color-scheme:light;${variables(LIGHT)}}}`;
