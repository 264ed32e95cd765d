import { readFile } from 'node:fs/promises';
import { type Action, COMPILER_VERSION, type Plan } from '@shugu/policy';
import type { DriverConfig } from './drivers/driver.ts';
import { writeDurably } from './durable.ts';
import type { Tenancy } from './segment.ts';

/** A compiled contract line for one buyer: what the gateway needs to serve it, and nothing else. */
export type Grant = {
  id: string;
  /** Grows with every change at the control side; an older version never replaces a newer one. */
  version: number;
  contractId: string;
  productId: string;
  supplierId: string;
  buyerId: string;
  /** GB/T 2260 code of the buyer's declared region. */
  buyerRegion?: string;
  plan: Plan;
  driver: DriverConfig;
  /** Hex SHA-256 of each API key that may use the grant. */
  keyHashes: string[];
  status: 'active' | 'suspended' | 'withdrawn';
  /** End of the contract, ms, exclusive; beside the plan's own period of use. */
  validUntil?: number;
  /** From the statement of the use scenario, for clients that cannot say it per call. */
  defaultPurpose?: string;
  defaultAction?: Action;
  tenancy: Tenancy;
};

export const GRANTS_MAX = 100_000;
const FILE_VERSION = 1;

/** All grants of this gateway, in memory, kept in one file over a restart. Changes act at once, and are durable when resolved. */
export class GrantBook {
  private readonly path: string | null;
  private readonly byId = new Map<string, Grant>();
  private readonly byKey = new Map<string, Map<string, Set<string>>>();
  /** Grants of the file whose plans another compiler made; not served until the server puts them again, recompiled. */
  readonly stale: Grant[] = [];
  private readonly listeners = new Set<(grant: Grant) => void>();
  private saving: Promise<void> = Promise.resolve();
  private saveAsked = false;

  constructor(path: string | null) {
    this.path = path;
  }

  /**
   * Add or replace a grant. False when a newer or equal version is held. Throws a RangeError when the grant cannot be
   * enforced: a policy that a delivery path can't enforce can't be offered on it.
   */
  async put(grant: Grant): Promise<boolean> {
    const held = this.byId.get(grant.id);
    if (held && held.version >= grant.version) return false;
    if (!held && this.byId.size >= GRANTS_MAX) throw new RangeError(`more than ${GRANTS_MAX} grants`);
    if (grant.plan.compilerVersion !== COMPILER_VERSION) {
      throw new RangeError(`plan of compiler ${grant.plan.compilerVersion}; this is ${COMPILER_VERSION}`);
    }
    if (!grant.plan.drivers.includes(grant.driver.kind)) {
      throw new RangeError(`policy ${grant.plan.policyHash} is not enforceable by ${grant.driver.kind}`);
    }
    this.hold(grant);
    await this.save();
    return true;
  }

  /** End a grant; running answers are cut. False when it is unknown or already withdrawn. */
  async withdraw(id: string): Promise<boolean> {
    const held = this.byId.get(id);
    if (!held || held.status === 'withdrawn') return false;
    return this.put({ ...held, status: 'withdrawn', version: held.version + 1 });
  }

  get(id: string): Grant | undefined {
    return this.byId.get(id);
  }

  all(): Grant[] {
    return [...this.byId.values()];
  }

  /**
   * The grant that a key holds on a product; with several contract lines the one named, or else the first that is in
   * force, or else the last, whose refusal then says why.
   */
  find(keyHash: string, productId: string, now: number, grantId?: string): Grant | undefined {
    const held = this.byKey.get(keyHash)?.get(productId);
    if (!held) return undefined;
    if (grantId !== undefined) return held.has(grantId) ? this.byId.get(grantId) : undefined;
    let last: Grant | undefined;
    for (const id of held) {
      last = this.byId.get(id);
      if (last && isInForce(last, now)) return last;
    }
    return last;
  }

  /** All that a key holds, of every product. */
  heldBy(keyHash: string): Grant[] {
    const ids = [...(this.byKey.get(keyHash)?.values() ?? [])].flatMap((held) => [...held]);
    return ids.flatMap((id) => this.byId.get(id) ?? []);
  }

  /** Told of every change, before `put` is durable. Returns the way to stop. */
  onChange(listener: (grant: Grant) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The book of a file; empty when the file does not exist. Throws when it cannot be understood. */
  static async open(path: string): Promise<GrantBook> {
    const book = new GrantBook(path);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return book;
    const stored = JSON.parse(text) as { version: number; grants: Grant[] };
    if (stored.version !== FILE_VERSION) throw new Error(`grant book ${path} is of version ${stored.version}`);
    for (const grant of stored.grants) {
      if (grant.plan.compilerVersion === COMPILER_VERSION) book.hold(grant);
      else book.stale.push(grant);
    }
    return book;
  }

  private hold(grant: Grant): void {
    const held = this.byId.get(grant.id);
    for (const keyHash of held?.keyHashes ?? []) {
      const products = this.byKey.get(keyHash);
      products?.get(held?.productId ?? '')?.delete(grant.id);
    }
    this.byId.set(grant.id, grant);
    for (const keyHash of grant.keyHashes) {
      const products = this.byKey.get(keyHash) ?? new Map<string, Set<string>>();
      this.byKey.set(keyHash, products);
      products.set(grant.productId, (products.get(grant.productId) ?? new Set()).add(grant.id));
    }
    for (const listener of this.listeners) listener(grant);
  }

  /** One write at a time; changes that come meanwhile share the next. */
  private async save(): Promise<void> {
    const { path } = this;
    if (path === null) return;
    if (!this.saveAsked) {
      this.saveAsked = true;
      const write = async () => {
        this.saveAsked = false;
        await writeDurably(path, JSON.stringify({ version: FILE_VERSION, grants: this.all() }));
      };
      this.saving = this.saving.then(write, write);
    }
    await this.saving;
  }
}

export function isInForce({ status, plan, validUntil }: Grant, now: number): boolean {
  return status === 'active' && (plan.notBefore ?? now) <= now && !isOver({ plan, validUntil }, now);
}

/** Whether the period of use or the contract itself has ended. */
export function isOver({ plan, validUntil }: Pick<Grant, 'plan' | 'validUntil'>, now: number): boolean {
  return now >= Math.min(plan.notAfter ?? Number.POSITIVE_INFINITY, validUntil ?? Number.POSITIVE_INFINITY);
}
