import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MissingGlyph } from './paper.ts';

/** Noto Sans SC Regular (SIL Open Font License 1.1): one weight only, since each is 10 MB. */
export function readPaperFont(): Buffer {
  const address = import.meta.resolve('@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf');
  return readFileSync(fileURLToPath(address));
}

/** The part of a fontkit font that is needed here; pdfkit keeps one per document. */
export interface GlyphSource {
  hasGlyphForCodePoint(codePoint: number): boolean;
}

/** Not drawn by any font, and no loss: controls, variation selectors, joiners. */
const invisible = /\p{Cc}|\p{Cf}|\p{Variation_Selector}/u;

/**
 * Makes texts printable: a character without a glyph would come out as an empty box (or nothing), which on a certificate is a
 * wrong name. It is printed as 〔U+20BB7〕 instead and noted in `missing`. The text is not normalised:
 * NFC would exchange compatibility ideographs in names.
 */
export function legibleWith(font: GlyphSource, missing: Map<string, MissingGlyph>): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    let out = '';
    for (const character of text) {
      let printed = known.get(character);
      if (printed === undefined) {
        printed = printable(character, font, missing);
        known.set(character, printed);
      }
      out += printed;
    }
    return out;
  };
}

function printable(character: string, font: GlyphSource, missing: Map<string, MissingGlyph>): string {
  if (character === '\n') return character;
  if (character === '\t') return '  ';
  if (invisible.test(character)) return '';
  const codePoint = character.codePointAt(0)!;
  if (font.hasGlyphForCodePoint(codePoint)) return character;
  const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  missing.set(character, { character, codePoint: name });
  return `〔${name}〕`;
}
