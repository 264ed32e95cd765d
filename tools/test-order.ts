/** The order in which test files start: a long one that starts last runs alone, beside an idle core. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Twenty-five seconds or more, the longest first; a name that is gone costs time alone. */
const longOnes = [
  'apps/server/test/purchase/table.long.test.ts',
  'apps/server/test/federation/market.long.test.ts',
  'apps/server/src/flows/ground.long.test.ts',
  'apps/server/test/isolation/objects.test.ts',
  'apps/server/test/federation/deal.test.ts',
  'apps/server/test/bad-input/bad-input.test.ts',
  'apps/server/test/compute/joint.test.ts',
  'apps/cli/src/trade.used.long.test.ts',
  'apps/server/src/nodes/nodes.test.ts',
  'apps/server/test/isolation/matrix.test.ts',
  'packages/gateway/src/policy-paths.test.ts',
  'apps/server/src/delivery/link/link.test.ts',
  'apps/server/src/kernel/postgres/start.long.test.ts',
  'apps/cli/src/trade.test.ts',
  'apps/server/test/purchase/marked.long.test.ts',
  'apps/server/src/delivery/push.test.ts',
  'apps/server/src/delivery/share/cut.long.test.ts',
  'apps/server/test/purchase/table.test.ts',
  'apps/server/test/compute/modes.long.test.ts',
  'apps/server/test/import/import.test.ts',
  'apps/server/src/nodes/kinds.long.test.ts',
  'packages/gateway/src/drivers/query/pool.test.ts',
  'apps/server/src/flows/ground.test.ts',
  'packages/private-compute/src/intersect/kkrt.test.ts',
  'apps/server/src/registry/profile.test.ts',
  'apps/server/test/compute/asked.long.test.ts',
  'apps/server/test/privacy/privacy.test.ts',
  'apps/server/src/delivery/share.test.ts',
  'apps/server/src/delivery/copies.test.ts',
  'apps/server/src/registry/ingest/ingest.test.ts',
];

/** As vitest does, by what an earlier run here remembers; where that is not known, as in a fresh clone, these before the largest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    if (files.every((file) => this.ctx.cache.getTestSpecificationResult(file))) return sorted;
    // A worker goes on with files of its project: they stay together.
    return [...Map.groupBy(sorted, ({ project }) => project).values()].flatMap((ofProject) => {
      const long = longOnes.flatMap((path) => ofProject.filter(({ moduleId }) => moduleId.endsWith(`/${path}`)));
      return [...long, ...ofProject.filter((file) => !long.includes(file))];
    });
  }
}
