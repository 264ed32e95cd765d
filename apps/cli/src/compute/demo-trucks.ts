/** An insurer and a transport department in a clean room: how many trucks of those insured were overloaded. Synthetic data by a formula. */
import type { CallInput, CallOutput } from '@shugu/wire';
import { type draftComputation, getComputation, getComputationResult, runComputation } from '@shugu/wire/compute';
import { overloadedTrucks } from '@shugu/wire/compute-templates';
import type { Context } from '../command.ts';
import { bringResource, type Resource, until } from '../scenario/resource.ts';
import type { Stage } from '../scenario/stage.ts';
import type { Walk } from '../steps.ts';
import { divisionsResource } from '../trade/goods.ts';
import { type Owners, signedByBoth } from './demo-parties.ts';

type Draft = CallInput<typeof draftComputation>['body'];
type Rows = CallOutput<typeof getComputationResult>['rows'];

export const districts = ['长沙县', '浏阳市'] as const;
const classes = ['2轴', '4轴', '6轴'] as const;
/** Insured are OWN0 to OWN239; trucks belong to OWN120 to OWN359. Plates are of a series that is not issued. */
const [insured, firstWithTrucks, lastWithTrucks] = [240, 120, 360] as const;

interface Truck {
  owner: number;
  plate: string;
  truckClass: string;
  overloaded: number;
}
const trucks = (): Truck[] =>
  Array.from({ length: lastWithTrucks - firstWithTrucks }, (_, at) => firstWithTrucks + at).flatMap((owner) =>
    Array.from({ length: 1 + (owner % 3) }, (_, n) => ({
      owner,
      plate: `湘Z${10_000 + owner * 3 + n}`,
      truckClass: classes[(owner + n) % classes.length]!,
      overloaded: (owner * 7 + n * 5) % 4 === 0 ? 0 : (owner * 31 + n * 17) % 60,
    })),
  );
/** Some owners have two: their trucks count once, their trips for each, as the template says. */
const policiesOf = (owner: number): number => (owner % 20 === 1 ? 2 : 1);
/** Of the six-axle trucks insured in the second district few are left, who are too few to show. */
const districtOf = (owner: number): string => districts[owner % 8 === 0 ? 1 : 0];

const fileOf = (head: string, lines: string[]): Buffer => Buffer.from([head, ...lines, ''].join('\n'));
export const truckFiles = () => ({
  policies: fileOf(
    'owner,district,premium',
    Array.from({ length: insured }, (_, n) => n).flatMap((n) =>
      Array.from(
        { length: policiesOf(n) },
        (_, policy) => `OWN${n},${districtOf(n)},${3000 + ((n * 37 + policy) % 900)}`,
      ),
    ),
  ),
  trucks: fileOf(
    'owner,plate,truck_class,overload_flag,overloaded_trips',
    trucks().map(({ owner, plate, truckClass, overloaded }) =>
      [`OWN${owner}`, plate, truckClass, overloaded > 0 ? 1 : 0, overloaded].join(','),
    ),
  ),
});

/** By adding up what both have. */
export const reckonedTrucks = (district: string, entitiesMin: number): Rows =>
  classes
    .map((truckClass) => {
      const found = trucks().filter(
        (one) =>
          one.truckClass === truckClass &&
          one.overloaded > 0 &&
          one.owner < insured &&
          districtOf(one.owner) === district,
      );
      const trips = found.reduce((sum, one) => sum + one.overloaded * policiesOf(one.owner), 0);
      return { owners: new Set(found.map(({ owner }) => owner)).size, row: [truckClass, found.length, trips] };
    })
    .filter(({ owners }) => owners >= entitiesMin)
    .map(({ row }) => row);

const bring = async (stage: Stage, login: string, name: string, bytes: Buffer): Promise<Resource> => {
  const { fields } = await divisionsResource();
  return bringResource(stage, login, { ...fields, name, synthetic: true }, { name: 'table.csv', bytes });
};

const entitiesMin = 10;

/** The template with the data of both in it; the first owner is the insurer, who is told. */
export const trucksDraft = async (
  stage: Stage,
  owners: readonly { login: string; id: string }[],
): Promise<Omit<Extract<Draft, { mode: 'cleanRoom' }>, 'uses' | 'from' | 'until' | 'priceFen'>> => {
  const files = truckFiles();
  const brought = [
    await bring(stage, owners[0]!.login, '货车保单（合成样例）', files.policies),
    await bring(stage, owners[1]!.login, '货车超限记录（合成样例）', files.trucks),
  ];
  const { dataSets, query } = overloadedTrucks;
  return {
    title: '超限货车核查（合成数据）',
    purpose: '了解承保货车的超限情况，用于风险评估，不针对任何一个车主',
    mode: 'cleanRoom',
    dataSets: dataSets.map((set, at) => ({
      ...set,
      owner: owners[at]!.id,
      resource: brought[at]!.id,
      version: brought[at]!.content!.normalDigest!,
    })),
    recipients: [owners[0]!.id],
    query: { ...query, parameters: query.parameters.map((one) => ({ ...one, values: [...districts] })) },
    release: { entitiesMin, rowsMax: 100, rho: null },
  };
};

export interface TrucksTold {
  district: string;
  rows: Rows;
}

export const insuredTrucks = async (
  stage: Stage,
  walk: Walk,
  owners: Owners,
  language: Context['language'],
): Promise<{ told: TrucksTold[]; text: string }> =>
  walk.step(
    'trucks',
    {
      zh: '超限货车：保险公司与交通运输部门在清洁室内联合统计，双方逐人的数据互不可见',
      en: 'Overloaded trucks: an insurer and a transport department count together in a clean room, and see nobody’s data of the other',
    },
    async (prove) => {
      const draft = await trucksDraft(stage, owners);
      const contract = await signedByBoth(stage, owners, async (term) => ({ ...draft, ...term }), prove);
      const insurer = await stage.as(owners[0].login);
      const told: TrucksTold[] = [];
      for (const district of districts) {
        const { id } = await insurer.call(runComputation, {
          params: { id: contract.id },
          body: { query: contract.query.digest, values: { district } },
        });
        await until('the use to end', async () => {
          const { history } = await insurer.call(getComputation, { params: { id: contract.id } });
          return history.find((use) => use.id === id && use.endedAt !== null);
        });
        const { rows } = await insurer.call(getComputationResult, { params: { id } });
        told.push({ district, rows });
      }
      prove(
        { zh: '两个地区的结果与合并明文所得一致', en: 'results of both districts are those of the open data' },
        told.every(({ district, rows }) => sameRows(rows, reckonedTrucks(district, entitiesMin))),
      );
      prove(
        { zh: '车主不足 10 人的组不出现', en: 'groups with fewer than ten owners are left out' },
        told.some(({ district, rows }) => rows.length < reckonedTrucks(district, 1).length),
      );
      const names = {
        zh: ['地区', '车型', '车辆数', '超限次数（按保单计）'],
        en: ['district', 'class', 'trucks', 'overloaded trips (by policy)'],
      };
      const lines = told.flatMap(({ district, rows }) => rows.map((row) => [district, ...row].join(',')));
      return { told, text: [names[language].join(','), ...lines].join('\n') };
    },
  );

const sameRows = (one: Rows, other: Rows): boolean =>
  JSON.stringify(one.map((row) => row.map(String)).sort()) ===
  JSON.stringify(other.map((row) => row.map(String)).sort());
