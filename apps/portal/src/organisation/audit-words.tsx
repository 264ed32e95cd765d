/** An entry of the audit log in words: who did what, on what, with which particulars. */
import type { listAudit } from '@shugu/wire/members';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { moment, shortId } from '../ui/format.ts';

export type Entry = Reply<typeof listAudit>['items'][number];

/** `room.noun.verb`; a look is logged as the address that was read, `room.noun.verb.read`. */
const partsOf = (action: string): { noun: string; verb: string; looked: boolean } => {
  const [room = '', noun = '', verb = '', looked] = action.split('.');
  return { noun: `${room}.${noun}`, verb, looked: looked === 'read' || verb === 'read' };
};

const detailMax = 200;

export const useAuditWords = () => {
  const { t, w, language } = useWords();
  const what = ({ action }: Entry): string => {
    const whole = w('auditAction', action);
    if (whole !== action) return whole;
    const { noun, verb, looked } = partsOf(action);
    const [thing, done] = [w('auditNoun', noun), looked ? t('audit.looked') : w('auditVerb', verb)];
    return language === 'en' ? `${thing} ${done}` : `${thing} · ${done}`;
  };
  const who = (one: Entry): string =>
    one.actorName ??
    (one.actorKind === 'system' ? t('audit.system') : one.actorKind === 'anonymous' ? t('audit.anonymous') : one.actor);
  const subject = (one: Entry): string => one.names[one.subject] ?? one.subject;
  const value = (one: Entry, given: unknown): string => {
    if (Array.isArray(given)) return given.map((each) => value(one, each)).join(', ');
    if (typeof given !== 'string') return typeof given === 'object' ? JSON.stringify(given) : String(given);
    if (/^\d{4}-\d\d-\d\dT/.test(given)) return moment(given);
    return one.names[given] ?? (/^[a-z]{2,5}_[0-9a-z]{26}$/.test(given) ? shortId(given) : w('auditValue', given));
  };
  const particulars = (one: Entry): string =>
    Object.entries(one.data)
      .filter(([, given]) => given !== null && given !== '')
      .map(([key, given]) => `${w('auditField', key)}${language === 'en' ? ': ' : '：'}${value(one, given)}`)
      .join(language === 'en' ? '; ' : '；');
  const short = (text: string): string => (text.length > detailMax ? `${text.slice(0, detailMax)}…` : text);
  return { what, who, subject, particulars, short };
};
