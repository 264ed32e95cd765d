import { createHmac, hash } from 'node:crypto';
import {
  ACTIONS,
  type Action,
  type Allowed,
  type Bucket,
  type Counters,
  type Decide,
  type Decision,
  decide,
  refusal,
  type UseRequest,
} from '@shugu/policy';
import { type Delivery, metered, UseEnd } from './delivery.ts';
import type { Ask, Body, Driver, DriverAnswer, DriverConfig, GatewayRequest } from './drivers/driver.ts';
import { addressHolds, signAddress } from './drivers/file.ts';
import { type Grant, type GrantBook, isOver } from './grants.ts';
import { limitHeaders } from './headers.ts';
import type { Meter, Use } from './meter.ts';
import { failureOf, GatewayProblem, problemAnswer } from './problem.ts';
import type { QuotaStore } from './quota.ts';
import { grantKey, type Receipt, receiptsOf } from './receipts.ts';

export type GatewayOptions = {
  grants: GrantBook;
  quota: QuotaStore;
  meter: Meter;
  /** One driver a kind; each is only ever given the configuration of its kind. */
  drivers: readonly Driver<DriverConfig>[];
  /** At least 32 bytes, the same after a restart: keys of receipts, addresses and masks come from it. */
  secret: Uint8Array;
  /** ms since the epoch. */
  clock: () => number;
  /** Monotonic ms, for durations. */
  timer: () => number;
  /** A new unique id for each use. */
  newId: () => string;
  /** The decision point. A parameter, so that a suite can show what a broken one does. */
  decide?: Decide;
  inFlightMax?: number;
};

export type GatewayResponse = {
  status: number;
  headers: Record<string, string>;
  body: Body;
  /** To be called when the client got less than the whole body. */
  cut?: (bytesSent: number) => Promise<void>;
  /** Aborted when the answer must stop at once, even if the client has stopped reading: the grant was withdrawn. */
  signal?: AbortSignal;
  /** To be called when the answer is out, cut, or never begun, so that the gateway can let go of it; harmless if repeated. */
  done: () => void;
};

export const IN_FLIGHT_MAX = 2000;
const SWEEP_MS = 500;

/** The data plane: every byte passes `handle`, and every use the one decision in it. */
export class Gateway {
  private readonly options: GatewayOptions;
  private readonly drivers: ReadonlyMap<string, Driver<DriverConfig>>;
  private readonly buckets = new Map<string, Bucket>();
  private readonly keys = new Map<string, Buffer>();
  private readonly receipts = new WeakMap<Grant, (use: string, at: number) => Receipt>();
  private readonly running = new Map<string, Set<AbortController>>();
  private readonly stopListening: () => void;
  private readonly sweeper: NodeJS.Timeout;
  private inFlight = 0;
  private lastNow = 0;

  constructor(options: GatewayOptions) {
    if (options.secret.length < 32) throw new RangeError('the gateway secret has less than 32 bytes');
    this.options = options;
    this.drivers = new Map(options.drivers.map((driver) => [driver.kind, driver]));
    this.sweeper = setInterval(() => this.stopEnded(), SWEEP_MS);
    this.sweeper.unref();
    this.stopListening = options.grants.onChange((grant) => {
      if (grant.status !== 'active')
        for (const controller of this.running.get(grant.id) ?? []) controller.abort(refusal('withdrawn'));
    });
  }

  /** End running answers whose contract has ended meanwhile, also those that nobody reads at the moment. */
  private stopEnded(): void {
    for (const [grantId, controllers] of this.running) {
      const grant = this.options.grants.get(grantId);
      if (!grant || isOver(grant, this.now()))
        for (const controller of controllers) controller.abort(refusal('expired'));
    }
  }

  /**
   * Answer one request. Never throws: whatever goes wrong becomes a problem with a stable code. `controller` ends the call
   * from either side: the caller aborts it when the client leaves, the gateway when the grant ends.
   */
  async handle(request: GatewayRequest, controller = new AbortController()): Promise<GatewayResponse> {
    const done = () => {};
    if (this.inFlight >= (this.options.inFlightMax ?? IN_FLIGHT_MAX))
      return { ...problemAnswer(new GatewayProblem('busy')), done };
    this.inFlight += 1;
    try {
      return this.tracked(await this.answer(request, controller));
    } catch (error) {
      const problem = error instanceof GatewayProblem ? error : new GatewayProblem('driverFailed', { cause: error });
      return this.tracked({ ...problemAnswer(problem), done });
    }
  }

  /** Ends all running answers: the gateway may not serve any more. */
  stopRunning(): void {
    for (const controllers of this.running.values())
      for (const controller of controllers) controller.abort(new GatewayProblem('cutOff'));
  }

  close(): void {
    this.stopListening();
    clearInterval(this.sweeper);
    for (const controllers of this.running.values()) for (const controller of controllers) controller.abort();
  }

  /** State of a grant's token bucket, for tests and for handing over to another process. */
  setBucket(grantId: string, bucket: Bucket | undefined): void {
    if (bucket) this.buckets.set(grantId, bucket);
    else this.buckets.delete(grantId);
  }

  private tracked(response: GatewayResponse): GatewayResponse {
    let open = true;
    const done = () => {
      if (!open) return;
      open = false;
      this.inFlight -= 1;
      response.done();
    };
    if (!(response.body instanceof Uint8Array)) return { ...response, body: finishing(response.body, done), done };
    done();
    return { ...response, done };
  }

  private async answer(request: GatewayRequest, controller: AbortController): Promise<GatewayResponse> {
    const startedAt = this.options.timer();
    const now = this.now();
    const grant = this.grantFor(request, now);
    if (grant instanceof GatewayProblem) return { ...problemAnswer(grant), done: () => {} };
    const driver = this.drivers.get(grant.driver.kind);
    if (!driver) throw new GatewayProblem('driverFailed', { detail: grant.driver.kind });
    const ask = driver.ask(request, grant.driver);
    const use = useRequest(request, grant, ask instanceof GatewayProblem ? { metered: false } : ask);
    const decision = this.decision(grant, use, now);
    if (!decision.allow) return { ...this.refused(decision, grant, now), done: () => {} };
    if (ask instanceof GatewayProblem) return { ...problemAnswer(ask), done: () => {} };
    if (decision.bucket) this.buckets.set(grant.id, decision.bucket);
    const decidedAt = this.options.timer();
    return this.serve({ request, grant, driver, ask, use, decision, now, startedAt, decidedAt, controller });
  }

  private decision(grant: Grant, use: UseRequest, now: number): Decision {
    if (grant.validUntil !== undefined && now >= grant.validUntil && grant.status === 'active')
      return refusal('expired');
    const used = this.options.quota.read(grant.id, grant.plan, now);
    const counters: Counters = { status: grant.status, used, bucket: this.buckets.get(grant.id) };
    return (this.options.decide ?? decide)(grant.plan, use, counters, now);
  }

  private refused(decision: Exclude<Decision, { allow: true }>, grant: Grant, now: number) {
    const answer = problemAnswer(decision);
    Object.assign(
      answer.headers,
      limitHeaders(this.options.quota, grant.id, grant.plan, this.buckets.get(grant.id), now),
    );
    return answer;
  }

  private async serve(call: Call): Promise<GatewayResponse> {
    const { grant, ask, now, controller } = call;
    const { quota, meter } = this.options;
    if (!meter.isReady) await meter.ready();
    const calls = ask.continues ? 0 : 1;
    const amounts = ask.metered ? { calls, ...ask.estimate } : {};
    // Two uses may both have been allowed on the last unit; the reservation decides between them.
    let reserved = quota.reserve(grant.id, grant.plan, amounts, now);
    if (!reserved.ok && quota.reserveLater) {
      reserved = await quota.reserveLater(grant.id, grant.plan, amounts, now);
      const status = this.options.grants.get(grant.id)?.status ?? 'withdrawn';
      if (status !== 'active') {
        if (reserved.ok) quota.settle(reserved.reservation, { calls: 0, rows: 0, bytes: 0 });
        return { ...this.refused(refusal(status), grant, now), done: () => {} };
      }
    }
    if (!reserved.ok)
      return { ...this.refused(refusal(exhaustedCode(reserved.quota.metric)), grant, now), done: () => {} };
    const { slice } = reserved.reservation;
    const admittedUse = { ...this.record(call), ...(slice ? { slice } : {}) };
    const end = new UseEnd(
      {
        use: admittedUse,
        plan: grant.plan,
        calls,
        reservation: reserved.reservation,
        timer: this.options.timer,
        startedAt: call.startedAt,
      },
      meter,
      quota,
    );
    this.watch(grant.id, controller);
    try {
      const answer = await this.serveWith(call, controller.signal);
      const delivered = await this.deliver(answer, call, end, controller.signal);
      if (!delivered) {
        // Frees an upstream connection whose answer nobody will read.
        controller.abort();
        this.forget(grant.id, controller);
        return { ...this.refused(refusal('volumeExhausted'), grant, now), done: () => {} };
      }
      const headers = { ...answer.headers, ...this.proofHeaders(call, admittedUse, answer) };
      return {
        status: answer.status,
        headers,
        ...delivered,
        signal: controller.signal,
        done: () => this.forget(grant.id, controller),
      };
    } catch (error) {
      const failure = controller.signal.aborted || !ask.metered ? undefined : failureOf(error);
      if (failure) end.fail(failure);
      else end.release();
      this.forget(grant.id, controller);
      const status = this.options.grants.get(grant.id)?.status;
      if (controller.signal.aborted && status !== 'active') {
        return { ...this.refused(refusal(status ?? 'withdrawn'), grant, now), done: () => {} };
      }
      throw error;
    }
  }

  private serveWith({ driver, request, grant, decision, now }: Call, signal: AbortSignal): Promise<DriverAnswer> {
    return driver.serve({
      request,
      config: grant.driver,
      effects: decision,
      countRows: grant.plan.quotas.some(({ metric }) => metric === 'rows'),
      hash: (value) => createHmac('sha256', this.key(grant.id, 'mask')).update(value).digest('base64url').slice(0, 22),
      maskKey: this.key(grant.id, 'mask'),
      grantId: grant.id,
      sign: (file, expires) =>
        signAddress({ grantId: grant.id, productId: grant.productId, file, expires }, this.key(grant.id, 'address')),
      now,
      signal,
    });
  }

  /** The body with its record; null when a volume refuses it, in which case nothing left and nothing is held. */
  private async deliver(
    answer: DriverAnswer,
    { ask, grant }: Call,
    end: UseEnd,
    signal: AbortSignal,
  ): Promise<Delivery | null> {
    const rows = () => (typeof answer.rows === 'function' ? answer.rows() : (answer.rows ?? 0));
    if (!ask.metered || answer.metered === false) {
      end.release();
      return { body: answer.body, cut: async () => {} };
    }
    const cut = (bytesSent: number) => end.cut(bytesSent);
    if (!(answer.body instanceof Uint8Array)) {
      const known = Number(answer.headers['content-length'] ?? 0);
      if (!(end.reserve(rows(), known) || (await end.reserveLater(rows(), known))))
        return this.refuse(answer.body, end);
      end.begin();
      return { body: metered(answer.body, end, rows, () => !signal.aborted && !isOver(grant, this.now())), cut };
    }
    const { length } = answer.body;
    if (!(end.reserve(rows(), length) || (await end.reserveLater(rows(), length))))
      return this.refuse(answer.body, end);
    if (signal.aborted) throw new GatewayProblem('driverFailed', { detail: 'aborted' });
    await end.complete(answer.body.length, 0);
    return { body: answer.body, cut };
  }

  private async refuse(body: Body, end: UseEnd): Promise<null> {
    end.release();
    if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    return null;
  }

  private record({ grant, use, ask, now }: Call): Omit<Use, 'status' | 'units' | 'latencyMs'> {
    const { authorisationReference, purpose } = use;
    const reference =
      authorisationReference &&
      createHmac('sha256', this.key(grant.id, 'authorisation')).update(authorisationReference).digest('base64url');
    return {
      use: this.options.newId(),
      grant: grant.id,
      contract: grant.contractId,
      product: grant.productId,
      tenancy: grant.tenancy,
      at: now,
      driver: use.driver,
      action: use.action,
      policy: grant.plan.policyHash,
      ...(purpose ? { purpose } : {}),
      ...(reference ? { authorisation: reference } : {}),
      ...(ask.continues ? { part: true as const } : {}),
    };
  }

  private proofHeaders(
    { grant, startedAt, decidedAt, now, ask }: Call,
    use: Omit<Use, 'status' | 'units' | 'latencyMs'>,
    answer: DriverAnswer,
  ): Record<string, string> {
    const total = (this.options.timer() - startedAt).toFixed(2);
    const headers = limitHeaders(this.options.quota, grant.id, grant.plan, this.buckets.get(grant.id), now);
    headers['server-timing'] = `decide;dur=${(decidedAt - startedAt).toFixed(2)}, total;dur=${total}`;
    if (!ask.metered || answer.metered === false) return headers;
    const receipt = this.receiptOf(grant, use);
    headers['x-receipt'] = receipt.id;
    headers['x-receipt-mac'] = receipt.mac;
    headers['x-receipt-at'] = String(use.at);
    return headers;
  }

  /** The grant that a request may stand on. To anyone who holds none, all products look the same. */
  private grantFor(request: GatewayRequest, now: number): Grant | GatewayProblem {
    const key = keyFrom(request.headers);
    const signature = request.query.get('signature');
    // A key goes first: many upstreams have a parameter of this name themselves.
    if (!key && signature) return this.grantByAddress(request, signature, now);
    if (!key) return new GatewayProblem('credentialsMissing');
    // Looking up the hash, not the key, leaves nothing to learn from how long the comparison takes.
    const keyHash = hash('sha256', key, 'hex');
    const grant = this.options.grants.find(keyHash, request.productId, now, request.headers['x-grant']);
    return grant ?? new GatewayProblem('notFound');
  }

  private grantByAddress(
    { query, productId, path }: GatewayRequest,
    signature: string,
    now: number,
  ): Grant | GatewayProblem {
    const grant = this.options.grants.get(query.get('grant') ?? '');
    if (grant?.productId !== productId || !isSignable(grant.driver.kind)) return new GatewayProblem('notFound');
    const address = { grantId: grant.id, productId, file: path, expires: Number(query.get('expires')) };
    return addressHolds(address, signature, this.key(grant.id, 'address'), now)
      ? grant
      : new GatewayProblem('notFound');
  }

  private watch(grantId: string, controller: AbortController): void {
    const controllers = this.running.get(grantId) ?? new Set();
    this.running.set(grantId, controllers.add(controller));
  }

  private forget(grantId: string, controller: AbortController): void {
    const controllers = this.running.get(grantId);
    controllers?.delete(controller);
    if (controllers?.size === 0) this.running.delete(grantId);
  }

  private key(grantId: string, purpose: 'receipt' | 'address' | 'authorisation' | 'mask'): Buffer {
    const name = `${purpose} ${grantId}`;
    let key = this.keys.get(name);
    if (!key) {
      if (this.keys.size >= DERIVED_KEYS_MAX) this.keys.clear();
      key = grantKey(this.options.secret, grantId, purpose);
      this.keys.set(name, key);
    }
    return key;
  }

  private receiptOf(
    grant: Grant,
    { use, at, contract, product, policy }: Pick<Use, 'use' | 'at' | 'contract' | 'product' | 'policy'>,
  ): Receipt {
    let receipts = this.receipts.get(grant);
    if (!receipts) {
      receipts = receiptsOf({ grant: grant.id, contract, product, policy }, this.key(grant.id, 'receipt'));
      this.receipts.set(grant, receipts);
    }
    return receipts(use, at);
  }

  /** A clock that was set back must not reopen a period or a contract that is over. */
  private now(): number {
    this.lastNow = Math.max(this.lastNow, this.options.clock());
    return this.lastNow;
  }
}

async function* finishing(body: AsyncIterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    done();
  }
}

/** Ways on which an address can stand for a key. */
function isSignable(kind: DriverConfig['kind']): boolean {
  return kind === 'file' || kind === 'share';
}

const DERIVED_KEYS_MAX = 50_000;
const KEY_LENGTH_MAX = 256;

type Call = {
  request: GatewayRequest;
  grant: Grant;
  driver: Driver<DriverConfig>;
  ask: Ask;
  use: UseRequest;
  decision: Allowed;
  now: number;
  startedAt: number;
  decidedAt: number;
  controller: AbortController;
};

function exhaustedCode(metric: string): 'countExhausted' | 'volumeExhausted' {
  return metric === 'calls' ? 'countExhausted' : 'volumeExhausted';
}

export function keyFrom(headers: GatewayRequest['headers']): string | null {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = bearer ?? headers['x-api-key'];
  return key && key.length <= KEY_LENGTH_MAX ? key : null;
}

/** What the caller states per call, or else what the contract's use scenario states. */
function useRequest({ headers }: GatewayRequest, grant: Grant, ask: Ask): UseRequest {
  const action = headers['x-use-action'] ?? grant.defaultAction ?? 'use';
  return {
    participant: grant.buyerId,
    driver: grant.driver.kind,
    // An unknown verb is no verb of any contract, and is refused as such.
    action: ((ACTIONS as readonly string[]).includes(action) ? action : 'unknown') as Action,
    purpose: headers['x-purpose'] ?? grant.defaultPurpose,
    region: grant.buyerRegion,
    authorisationReference: headers['x-authorisation-reference'],
    ...(ask.columns ? { columns: ask.columns } : {}),
    ...(ask.filterColumns ? { filterColumns: ask.filterColumns } : {}),
    ...(ask.estimate ? { estimate: ask.estimate } : {}),
    ...(ask.continues ? { continues: true } : {}),
  };
}
