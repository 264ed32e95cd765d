/** The door of the registry: resources, registered rights, certificates. */
import { dayOf } from '../kernel/calendar/calendar.ts';
import { type Database, type Reader, sql } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { JobHandler } from '../kernel/jobs.ts';
import type { Consumer } from '../kernel/outbox.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { Prunable } from '../kernel/retention/prune.ts';
import type { Tick } from '../kernel/ticker.ts';
import type {
  Certificate,
  RegisteredRight,
  RegistryDeps,
  Resource,
  ResourceDescription,
  ResourceState,
} from './model.ts';
import { describeResource, holdsToOperate, operatingRight, resourcesOf, rightsOf } from './reads.ts';
import { makeRoutes } from './routes.ts';
import type { Sample } from './sample.ts';
import { ingestJob, normalFolder, sampleOf } from './service/ingestion.ts';
import { type Intake, makeIntake } from './service/intake.ts';
import { nationalJob } from './service/national.ts';
import { registrationHooks } from './service/registrations.ts';
import { expireDue } from './service/remarks.ts';
import { expireUploads } from './service/uploads.ts';
import { newestContent, type ReadyContent, readyContents, uploadsDue } from './store/resources.ts';
import { findCertificate, findRight, rightsDue } from './store/rights.ts';

export type { RegistryEvents } from './events.ts';
export { buildTableStore } from './ingest/tablestore.ts';
export type {
  Certificate,
  RegisteredRight,
  RegistryDeps,
  RegistrySettings,
  Resource,
  ResourceDescription,
  RightKind,
} from './model.ts';
export { nationalOverHttp } from './national/http.ts';
export { nationalSimulator } from './national/simulator.ts';
export type { NationalSystem } from './national/system.ts';
export { permissions as registryPermissions } from './permissions.ts';
export { registryProblems } from './problems.ts';

export interface Registry {
  routes: Route[];
  jobs: Record<string, JobHandler>;
  ticks: Tick[];
  consumers: Consumer[];
  prunables: Prunable[];
  /** What stands behind a product; undefined for none. The caller decides who may see it. */
  resource(read: Reader, id: string): Promise<ResourceDescription | undefined>;
  /** Of each resource the newest data that could be read, in one statement. */
  readyContents(read: Reader, resources: readonly string[]): Promise<Map<string, ReadyContent>>;
  resourcesOf(
    read: Reader,
    participant: string,
    query: PageQuery & { state?: ResourceState },
  ): Promise<{ items: Resource[]; next: string | null }>;
  /** First rows in normal form, unmasked: the caller masks before anything leaves. */
  sample(read: Reader, id: string, rowsMax: number): Promise<Sample>;
  /**
   * Folder of the newest normal form (rows.parquet, schema.json), for table stores; undefined until a file was read. With the
   * id of that content, so that a store made of it can tell when it is behind.
   */
  normalForm(read: Reader, id: string): Promise<{ content: string; folder: string } | undefined>;
  /** A file of which the platform itself made the table: it becomes the resource's data as an upload does. */
  intake: Intake;
  operatingRight(
    read: Reader,
    participant: string,
    resource: string,
    at: Date,
  ): Promise<{ certificateCode: string; until: Date; right: string } | undefined>;
  /** Whether some right to operate of theirs runs, seized ones included. */
  holdsToOperate(read: Reader, participant: string, resource: string, at: Date): Promise<boolean>;
  rightsOf(read: Reader, resource: string): Promise<RegisteredRight[]>;
  right(read: Reader, id: string): Promise<RegisteredRight | undefined>;
  certificateByCode(read: Reader, code: string): Promise<Certificate | undefined>;
  certificate(read: Reader, id: string): Promise<Certificate | undefined>;
}

const expirySeconds = 60;
const uploadSeconds = 600;

/** Registers its hooks on `deps.cases`, so build it once, before `checkHooks`. */
export const makeRegistry = (deps: RegistryDeps): Registry => {
  const { objects, cases } = deps;
  const database: Database = deps.database;
  for (const [procedure, hooks] of Object.entries(registrationHooks(deps))) cases.register(procedure, hooks);
  return {
    routes: makeRoutes(deps),
    jobs: { 'registry.ingest': ingestJob(deps), 'registry.national': nationalJob(deps) },
    ticks: [
      {
        name: 'registry.expiry',
        everySeconds: expirySeconds,
        due: (at, now) => rightsDue(at, dayOf(now)),
        run: (now) => expireDue(deps, now),
      },
      {
        name: 'registry.uploads',
        everySeconds: uploadSeconds,
        due: uploadsDue,
        run: (now) => expireUploads(database, objects, now),
      },
    ],
    consumers: [],
    // What was uploaded lives on as content; an abandoned upload has lost its file when it expired.
    prunables: [
      {
        table: 'resource_uploads',
        since: sql`expires_at`,
        only: sql`state <> 'open'`,
        about: ['participant', 'resource', 'id'],
      },
    ],
    resource: describeResource,
    readyContents,
    resourcesOf,
    sample: (read, id, rowsMax) => sampleOf(objects, read, id, rowsMax),
    normalForm: async (read, id) => {
      const content = await newestContent(read, id, true);
      return content && { content: content.id, folder: await normalFolder(objects, content.id) };
    },
    intake: makeIntake(objects),
    operatingRight,
    holdsToOperate,
    rightsOf,
    right: findRight,
    certificateByCode: (read, code) => findCertificate(read, { code }),
    certificate: (read, id) => findCertificate(read, { id }),
  };
};
