import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { BankBooks } from './books.ts';
import type { Executor } from './executor.ts';
import { accountsPage } from './page.ts';
import { parseAccountRequest, parseCallback, parseDay, parseDeposit, parseFaults, parseInstruction } from './parse.ts';
import { BankProblem, bankProblems } from './problem.ts';
import { signatureAgeMsMax, signatureHeaders, verifySignature } from './signature.ts';
import { simulatorLabel } from './wire.ts';

export const bodyBytesMax = 64 * 1024;
const accountsPerPage = 1_000;
const noncesMax = 200_000;

export interface BankServerSettings {
  books: BankBooks;
  executor: Executor;
  key: Buffer;
  now: () => number;
}

interface Call {
  body: unknown;
  query: URLSearchParams;
  /** What the path's last segment holds, decoded. */
  subject: string;
  /** Business day named in the header, or null. */
  day: string | null;
}

interface Answer {
  status: number;
  body: unknown;
  /** Reference whose answer may get lost when the faults say so. */
  reference?: string;
}

interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  handle: (settings: BankServerSettings, call: Call) => Answer;
}

const labelled = (fields: object) => ({ simulator: simulatorLabel, ...fields });
const ok = (body: object, status = 200): Answer => ({ status, body: labelled(body) });

const routes: Route[] = [
  {
    method: 'POST',
    path: /^\/accounts$/,
    handle: ({ books }, { body }) => ok(books.openAccount(parseAccountRequest(body))),
  },
  {
    method: 'GET',
    path: /^\/accounts$/,
    handle: ({ books }, { query }) => ok({ accounts: books.accounts(query.get('after') ?? '', accountsPerPage) }),
  },
  { method: 'GET', path: /^\/accounts\/([^/]+)$/, handle: ({ books }, { subject }) => found(books.account(subject)) },
  {
    method: 'POST',
    path: /^\/instructions$/,
    handle: ({ books, executor }, { body, day }) => {
      const answer = books.accept(parseInstruction(body), day);
      executor.wake();
      return { ...ok(answer, 202), reference: answer.reference };
    },
  },
  {
    method: 'GET',
    path: /^\/instructions\/([^/]+)$/,
    handle: ({ books }, { subject }) => found(books.instruction(subject)),
  },
  {
    method: 'GET',
    path: /^\/statements\/([^/]+)$/,
    handle: ({ books }, { subject, query }) => ok(books.statement(parseDay(subject), query.get('account'))),
  },
  {
    method: 'POST',
    path: /^\/callback$/,
    handle: ({ books }, { body }) => {
      books.setCallbackUrl(parseCallback(body));
      return ok({ url: books.callbackUrl() });
    },
  },
  {
    method: 'POST',
    path: /^\/simulate\/deposits$/,
    handle: ({ books }, { body, day }) => {
      const answer = books.deposit(parseDeposit(body), day);
      return { ...ok(answer, 201), reference: answer.reference };
    },
  },
  {
    method: 'POST',
    path: /^\/simulate\/faults$/,
    handle: ({ books }, { body }) => {
      books.setFaults(parseFaults(body, books.faults()));
      return ok(books.faults());
    },
  },
  {
    method: 'POST',
    path: /^\/simulate\/day$/,
    handle: ({ books }, { body }) => {
      books.setDay(parseDay((body as { day?: unknown } | null)?.day));
      return ok({ day: books.day() });
    },
  },
  { method: 'GET', path: /^\/simulate\/day$/, handle: ({ books }) => ok({ day: books.day() }) },
  { method: 'POST', path: /^\/simulate\/flush$/, handle: ({ executor }) => ok({ executed: executor.flush() }) },
];

function found(body: object | null): Answer {
  if (body === null) throw new BankProblem('not-found');
  return ok(body);
}

/** The bank's HTTP door. Everything but the page at `/` and `/health` needs a signature. */
export function createBankServer(settings: BankServerSettings): Server {
  const nonces = new Map<string, number>();
  const server = createServer((request, response) => {
    handle(settings, nonces, request, response).catch((error: unknown) => {
      if (!(error instanceof BankProblem)) process.stderr.write(`bank simulator: ${String((error as Error).stack)}\n`);
      sendProblem(response, error instanceof BankProblem ? error : new BankProblem('internal'));
    });
  });
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  return server;
}

async function handle(
  settings: BankServerSettings,
  nonces: Map<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/';
  const url = new URL(target, 'http://bank');
  if (request.method === 'GET' && url.pathname === '/') return sendPage(settings, response);
  if (request.method === 'GET' && url.pathname === '/health') return send(response, ok({ ok: true }));
  const text = await readBody(request);
  authenticate(settings, nonces, request, target, text);
  const candidates = routes.filter(({ path }) => path.test(url.pathname));
  const route = candidates.find(({ method }) => method === request.method);
  if (!route) throw new BankProblem(candidates.length > 0 ? 'method-not-allowed' : 'not-found');
  const answer = route.handle(settings, {
    body: route.method === 'POST' ? parseJson(text) : undefined,
    query: url.searchParams,
    subject: decode(route.path.exec(url.pathname)![1] ?? ''),
    day: dayHeader(request),
  });
  if (answer.reference !== undefined && settings.books.answerIsLost(answer.reference)) {
    response.destroy();
    return;
  }
  send(response, answer);
}

function dayHeader(request: IncomingMessage): string | null {
  const day = request.headers['x-bank-day'];
  return day === undefined ? null : parseDay(day);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new BankProblem('not-found');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new BankProblem('body-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new BankProblem('body-invalid', 'body');
  }
}

/**
 * A nonce is good once within the window that a date is accepted in. They live in memory only: after a restart a
 * recorded message could come again, which every call survives, because each is idempotent by its reference.
 */
function authenticate(
  { key, now }: BankServerSettings,
  nonces: Map<string, number>,
  request: IncomingMessage,
  path: string,
  body: string,
): void {
  const header = (name: string) => request.headers[name]?.toString();
  const nonce = header(signatureHeaders.nonce) ?? '';
  const valid = verifySignature(key, { method: request.method ?? '', path, body, header }, now());
  if (!valid || nonces.has(nonce)) throw new BankProblem('signature-invalid');
  nonces.set(nonce, now());
  for (const [old, seenAt] of nonces) {
    // Insertion order is time order: stop at the first that still counts. A date may lie one window ahead.
    if (now() - seenAt <= 2 * signatureAgeMsMax && nonces.size <= noncesMax) break;
    nonces.delete(old);
  }
}

function sendPage({ books }: BankServerSettings, response: ServerResponse): void {
  const accounts = books.accounts('', accountsPerPage + 1);
  const page = accountsPage(books.day(), accounts.slice(0, accountsPerPage), accounts.length > accountsPerPage);
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }).end(page);
}

function send(response: ServerResponse, { status, body }: Answer, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type, 'x-simulator': 'custodian-bank' }).end(JSON.stringify(body));
}

function sendProblem(response: ServerResponse, { code, field }: BankProblem): void {
  if (response.headersSent) return void response.destroy();
  const { status, title } = bankProblems[code];
  const body = labelled({ type: `urn:shugu:bank:${code}`, status, code, title, ...(field !== undefined && { field }) });
  // The rest of an over-long body is not read: the connection ends with the answer.
  if (code === 'body-too-large') response.setHeader('connection', 'close');
  send(response, { status, body }, 'application/problem+json');
}
