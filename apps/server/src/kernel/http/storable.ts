/** What every value of a request must be before its schema is asked: of bounded depth, and text that can be stored. */
import type { FieldFault } from '../problem.ts';

/** Schemas and canonical bytes walk values recursively; JSON of some kilobytes can nest deeper than any stack. */
export const depthMax = 64;

// PostgreSQL stores no null character, and half a surrogate pair is no character at all.
const storable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/** The first fault, by depth of reading; undefined when the value may be looked at. */
export const unstorable = (value: unknown, place: string, depth = 0): FieldFault | undefined => {
  if (typeof value === 'string')
    return storable(value)
      ? undefined
      : {
          field: place,
          code: 'unstorable',
          message: { zh: '含空字符或不完整的字符', en: 'null character or half a surrogate pair' },
        };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= depthMax)
    return {
      field: place,
      code: 'too_deep',
      message: { zh: `嵌套超过 ${depthMax} 层`, en: `nested deeper than ${depthMax}` },
    };
  for (const [key, one] of Object.entries(value)) {
    if (!storable(key))
      return {
        field: place,
        code: 'unstorable',
        message: { zh: '字段名含空字符或不完整的字符', en: 'a name with a null character or half a surrogate pair' },
      };
    const found = unstorable(one, `${place}.${key}`, depth + 1);
    if (found) return found;
  }
  return undefined;
};
