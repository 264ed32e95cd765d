/** One call at the gateway from this page, and what it answered: status, time, what it counted, the body, and where it went wrong, what to do. */
import { Alert } from 'antd';
import type { Bilingual, Key } from '../i18n/index.ts';
import { useWords } from '../i18n/index.ts';

export interface Answer {
  status: number;
  milliseconds: number;
  headers: [string, string][];
  body: string;
  /** Of which `body` is the beginning. */
  bytes: number;
  problem: (Bilingual & { code: string }) | undefined;
}
/** What a call states about its caller. */
export interface Caller {
  secret?: string;
  purpose?: string;
  authorisation?: string;
}
const shownHeaders =
  /^(x-receipt|x-receipt-at|ratelimit|ratelimit-policy|retry-after|x-quota.*|content-type|etag|last-modified)$/;
const shownCharactersMax = 20_000;
const textual = /^(text\/|application\/([\w.-]+\+)?(json|xml|x-www-form-urlencoded)\b)/i;

const headersOf = ({ secret, purpose, authorisation }: Caller): Record<string, string> => ({
  authorization: `Bearer ${secret ?? ''}`,
  ...(purpose ? { 'x-purpose': purpose } : {}),
  ...(authorisation ? { 'x-authorisation-reference': authorisation } : {}),
});

/** `address` is of this page's own origin: all that the content security policy lets us call. */
export const callGateway = async (
  address: string,
  caller: Caller,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> => {
  const begun = performance.now();
  const response = await fetch(address, {
    method,
    credentials: 'omit',
    cache: 'no-store',
    headers: { ...headers, ...headersOf(caller) },
    ...(body === undefined ? {} : { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  const text = textual.test(type) ? new TextDecoder().decode(bytes) : '';
  return {
    status: response.status,
    milliseconds: Math.round(performance.now() - begun),
    headers: [...response.headers].filter(([name]) => shownHeaders.test(name)),
    body: pretty(text).slice(0, shownCharactersMax),
    bytes: bytes.length,
    problem: type.startsWith('application/problem+json') ? JSON.parse(text) : undefined,
  };
};

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

/** What to do about a refusal, by its kind. */
const nextOf = (status: number): Key => {
  if (status === 401 || status === 404) return 'console.next.key';
  if (status === 403) return 'console.next.contract';
  if (status === 405) return 'console.next.method';
  if (status === 429 || status === 503) return 'console.next.wait';
  return status >= 500 ? 'console.next.supplier' : 'console.next.request';
};

export const AnswerShown = ({ answer }: { answer: Answer }) => {
  const { t, b } = useWords();
  const { status, milliseconds, headers, body, bytes, problem } = answer;
  return (
    <div role="status" style={{ marginTop: 14 }}>
      <b className={status < 400 ? undefined : 'late'}>{status}</b> <span className="quiet">{milliseconds} ms</span>
      {headers.map(([name, value]) => (
        <div key={name} className="mono small quiet">
          {name}: {value}
        </div>
      ))}
      {status >= 400 ? (
        <Alert
          type="warning"
          showIcon
          title={problem ? `${b(problem)}（${problem.code}）` : t('console.answeredWith', { status })}
          description={t(nextOf(status))}
          style={{ margin: '8px 0' }}
        />
      ) : null}
      {body ? <pre className="code">{body}</pre> : <p className="quiet">{t('console.bytes', { bytes })}</p>}
    </div>
  );
};
