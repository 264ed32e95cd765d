/**
 * The look: ink green on paper, brass for what waits, cinnabar for seals and what is late. Every pair of text and ground
 * below reaches WCAG AA; antd's own greys do not, so they are replaced here and nowhere else.
 */
import type { ThemeConfig } from 'antd';

export const colours = {
  ink: '#17312e',
  pine: '#14574f',
  pineDeep: '#123f3a',
  paper: '#f6f3ec',
  sheet: '#ffffff',
  line: '#ddd6c8',
  quiet: '#52605d',
  brass: '#8a5a00',
  cinnabar: '#a8291f',
  jade: '#1d6b4f',
  indigo: '#2f4d7d',
} as const;

/** Series of charts, apart in lightness too, so that they differ without colour. */
export const series = ['#14574f', '#b07d2b', '#2f4d7d', '#7d9d94', '#a8291f', '#6a4c7d'] as const;

export const sans =
  '"PingFang SC","HarmonyOS Sans SC","Source Han Sans SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,-apple-system,"Segoe UI",sans-serif';

export const theme: ThemeConfig = {
  cssVar: { key: 'shugu' },
  hashed: false,
  token: {
    colorPrimary: colours.pine,
    colorInfo: colours.indigo,
    colorSuccess: colours.jade,
    colorWarning: colours.brass,
    colorError: colours.cinnabar,
    colorWarningBg: '#fdf6e6',
    colorWarningBorder: '#dfc38b',
    colorErrorBg: '#fcf0ee',
    colorErrorBorder: '#e2aaa4',
    colorSuccessBg: '#edf5f0',
    colorSuccessBorder: '#a9cdb9',
    colorInfoBg: '#eff3f9',
    colorInfoBorder: '#b3c3da',
    colorLink: colours.pine,
    colorTextBase: colours.ink,
    colorText: colours.ink,
    colorTextSecondary: colours.quiet,
    colorTextTertiary: '#5b6866',
    colorTextQuaternary: '#66716f',
    colorTextPlaceholder: '#66716f',
    colorTextDisabled: '#66716f',
    colorTextDescription: colours.quiet,
    colorBgLayout: colours.paper,
    colorBorder: '#b9b2a3',
    colorBorderSecondary: colours.line,
    borderRadius: 5,
    // The style sheet’s, which differs by language.
    fontFamily: 'var(--sans)',
    fontSize: 15,
    lineHeight: 1.7,
    controlHeight: 36,
    boxShadow: '0 6px 24px rgba(23,49,46,.10)',
  },
  components: {
    Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', fontWeight: 500 },
    Table: { headerBg: '#efeade', headerColor: colours.ink, rowHoverBg: '#faf8f2', cellPaddingBlock: 11 },
    Menu: { itemBorderRadius: 4, itemHeight: 36, itemSelectedBg: '#e2ebe6', itemSelectedColor: colours.pineDeep },
    Cascader: { optionSelectedBg: '#e2ebe6', dropdownHeight: 240 },
    Tag: { defaultBg: '#efeade', defaultColor: colours.ink },
    Card: { headerFontSize: 16 },
    Form: { labelColor: colours.ink },
  },
};
