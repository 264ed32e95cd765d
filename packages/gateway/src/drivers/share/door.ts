import { createHash } from 'node:crypto';
import { type Gateway, type GatewayResponse, keyFrom } from '../../gateway.ts';
import type { Grant, GrantBook } from '../../grants.ts';
import type { GatewayRequest } from '../driver.ts';

/** Stands for the product of a grant that does not exist: it is answered exactly as somebody else's would be. */
const NO_PRODUCT = '-';

/**
 * The endpoints of Delta Sharing, `{prefix}/shares…` and `{prefix}/files…`, before the gateway: finds the grant on which a
 * request stands, lets the gateway decide and serve it as any other, and puts refusals into the protocol's words. Give it to
 * `nodeHandler` in place of the gateway.
 */
export function deltaSharing(
  gateway: Pick<Gateway, 'handle'>,
  grants: Pick<GrantBook, 'get' | 'heldBy'>,
): Pick<Gateway, 'handle'> {
  return {
    async handle(request, stop) {
      const asked = withPurpose(request);
      if (asked.path.startsWith('files/')) return told(await gateway.handle(forFile(asked, grants), stop));
      const key = keyFrom(request.headers);
      const held = key ? grants.heldBy(createHash('sha256').update(key).digest('hex')) : [];
      // Whoever shows no key, or one of no grant, is told no more than that; nothing depends on what is asked for.
      if (held.length === 0 && (!key || asked.path === 'shares')) return unauthenticated();
      const grant = held.find((one) => one.driver.kind === 'share');
      const answer = await gateway.handle(forGrant(asked, grant), stop);
      const isGone = asked.path === 'shares' && (!grant || grant.status === 'withdrawn');
      return isGone ? noShares(answer) : told(answer);
    },
  };
}

/**
 * `for/PURPOSE/` ahead of the rest states a purpose as the header X-Purpose does elsewhere: clients of the protocol send no
 * headers of their own, but keep the address that their profile gives them.
 */
function withPurpose(request: GatewayRequest): GatewayRequest {
  const whole = request.path === '' ? request.productId : `${request.productId}/${request.path}`;
  const found = /^for\/([\w.:-]{1,100})\/(.*)$/s.exec(whole);
  const path = (found?.[2] ?? whole).replace(/\/+$/, '');
  return found ? { ...request, path, headers: { ...request.headers, 'x-purpose': found[1] } } : { ...request, path };
}

function forGrant(request: GatewayRequest, grant: Grant | undefined): GatewayRequest {
  const headers = { ...request.headers, 'x-grant': grant?.id ?? '' };
  return { ...request, productId: grant?.productId ?? NO_PRODUCT, headers };
}

/** A file's address is its own credential; a key sent along changes nothing. */
function forFile(request: GatewayRequest, grants: Pick<GrantBook, 'get'>): GatewayRequest {
  const { authorization: _, 'x-api-key': __, ...headers } = request.headers;
  const grant = grants.get(request.query.get('grant') ?? '');
  return { ...request, productId: grant?.productId ?? NO_PRODUCT, headers };
}

/** Our codes in the words that clients of the protocol know; refusals of a contract keep their own. */
const ERROR_CODES: Readonly<Record<string, string>> = {
  credentialsMissing: 'UNAUTHENTICATED',
  notFound: 'RESOURCE_DOES_NOT_EXIST',
  withdrawn: 'RESOURCE_DOES_NOT_EXIST',
  requestInvalid: 'INVALID_PARAMETER_VALUE',
  rangeNotSatisfiable: 'INVALID_PARAMETER_VALUE',
  bodyMalformed: 'MALFORMED_REQUEST',
  requestTooLarge: 'MALFORMED_REQUEST',
  methodNotAllowed: 'UNSUPPORTED_OPERATION',
  notSupported: 'UNSUPPORTED_OPERATION',
};

function told(answer: GatewayResponse): GatewayResponse {
  if (!answer.headers['content-type']?.startsWith('application/problem+json')) return answer;
  if (!(answer.body instanceof Uint8Array)) return answer;
  const { code, zh, en } = JSON.parse(Buffer.from(answer.body).toString()) as Record<string, string>;
  const errorCode = ERROR_CODES[code ?? ''] ?? (answer.status >= 500 ? 'INTERNAL_ERROR' : (code ?? 'INTERNAL_ERROR'));
  // A share that was taken back is gone: the protocol says so by the answer that one gets which never was.
  const status = code === 'withdrawn' ? 404 : answer.status;
  return json({ ...answer, status }, { errorCode, message: `${en} / ${zh}` });
}

function json(answer: GatewayResponse, value: object): GatewayResponse {
  const body = Buffer.from(JSON.stringify(value));
  const headers = {
    ...answer.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
  };
  return { ...answer, headers, body };
}

const nothing = { status: 200, headers: { 'cache-control': 'no-store' }, body: new Uint8Array(0), done: () => {} };

function unauthenticated(): GatewayResponse {
  const message = 'The bearer token is missing or unknown / 缺少令牌或令牌无效';
  const answer = json({ ...nothing, status: 401 }, { errorCode: 'UNAUTHENTICATED', message });
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } };
}

function noShares(answer: GatewayResponse): GatewayResponse {
  answer.done();
  return json(nothing, { items: [] });
}
