/** Handlers of the room: wire in, use case, view out. */
import * as wire from '@shugu/wire/registry';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { empty, type Reader, sql } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { decodeCursor, pageOf, pageSize } from '../kernel/pages.ts';
import { type FieldFault, inLanguage, kernelProblems } from '../kernel/problem.ts';
import type { Certificate, RegistryDeps } from './model.ts';
import { registryProblems as problems } from './problems.ts';
import { certificatesBy, certificatesInForce, resourcesOf, rightsHeldBy, rightsOf, volumesOf } from './reads.ts';
import { inOrder } from './rules.ts';
import { answerInspection, askInspection, listInspections } from './service/inspections.ts';
import { precheckFirst } from './service/precheck.ts';
import { pageOfRegistrar, saveRegistrarPage } from './service/registrar.ts';
import { addRemark, confirmCancellation, liftRemark, proposeCancellation } from './service/remarks.ts';
import { changeResource, createResource, retireResource, seenResource } from './service/resources.ts';
import { completeUpload, ownUpload, receivePart, startUpload } from './service/uploads.ts';
import { listDispatches } from './store/national.ts';
import { findContent, findResource, newestContent } from './store/resources.ts';
import { findCertificate, findRight, listRemarks, listRights } from './store/rights.ts';
import {
  certificateViews,
  dispatchView,
  inspectionView,
  remarkView,
  resourceViews,
  rightViews,
  uploadView,
} from './view.ts';

const signedIn = (principal: Principal): string => {
  if (principal.participant === '') throw kernelProblems.unknown();
  return principal.participant;
};

const resourceRoutes = (deps: RegistryDeps): Route[] => {
  const viewOf = async (read: Reader, id: string) => {
    const [view] = await resourceViews(deps, read, [(await findResource(read, id))!]);
    return view!;
  };
  return [
    on(wire.createResource, async ({ tx, body }) => viewOf(tx, await createResource(tx, body))),
    on(wire.changeResource, async ({ tx, params, body }) => {
      await changeResource(tx, params.id, body);
      return viewOf(tx, params.id);
    }),
    on(wire.listResources, async ({ read, principal, query }) => {
      const page = await resourcesOf(read, principal.participant, query);
      return { items: await resourceViews(deps, read, page.items), next: page.next };
    }),
    on(wire.getResource, async ({ read, principal, params }) => {
      const [view] = await resourceViews(deps, read, [await seenResource(read, principal, params.id)]);
      return view!;
    }),
    on(wire.retireResource, async ({ tx, params, body }) => {
      await retireResource(tx, params.id, body.reason);
      return viewOf(tx, params.id);
    }),
    on(wire.getProfile, async ({ read, principal, params }) => {
      const resource = await seenResource(read, principal, params.id);
      const content = await newestContent(read, resource.id, true);
      if (!content) throw problems.notProfiled();
      return {
        label: { zh: '平台自检', en: 'self-check of the platform' },
        content: content.id,
        profile: content.profile as never,
        quality: content.quality as never,
        scan: content.scan as never,
        classification: content.classification as never,
      };
    }),
    on(wire.rightsOfResource, async ({ read, principal, params }) => {
      const resource = await seenResource(read, principal, params.id);
      return { items: await rightViews(read, inOrder(await rightsOf(read, resource.id))) };
    }),
  ];
};

const uploadRoutes = (deps: RegistryDeps): Route[] => [
  on(wire.startUpload, async ({ tx, body }) => uploadView(await startUpload(tx, body))),
  on(wire.getUpload, async ({ read, principal, params }) => {
    const upload = await ownUpload(read, principal.participant, params.id);
    const content = upload.content ? await findContent(read, upload.content) : undefined;
    return uploadView(upload, content?.job ?? null);
  }),
  on(
    wire.putPart,
    async ({ principal, params, stream, headers }) => {
      const announced = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
      return uploadView(await receivePart(deps, principal.participant, params.id, params.offset, stream, announced));
    },
    { ownTransaction: true },
  ),
  on(wire.completeUpload, async ({ tx, params }) => {
    const upload = await completeUpload(tx, params.id);
    return uploadView(upload, (await findContent(tx, upload.content!))?.job ?? null);
  }),
];

const certificateRoutes = (deps: RegistryDeps): Route[] => {
  const found = async (read: Reader, code: string): Promise<Certificate> => {
    const one = await findCertificate(read, { code });
    if (!one) throw kernelProblems.unknown();
    return one;
  };
  const shown = async (read: Reader, one: Certificate) => (await certificateViews(deps, read, [one]))[0]!;
  return [
    on(wire.getCertificate, async ({ read, params }) => shown(read, await found(read, params.code))),
    on(wire.listCertificates, async ({ read, query }) => {
      const page = await certificatesBy(read, query);
      return { items: await certificateViews(deps, read, page.items), next: page.next };
    }),
    on(wire.ownCertificates, async ({ read, principal, query }) => {
      const page = await certificatesBy(read, { ...query, holder: signedIn(principal) });
      return { items: await certificateViews(deps, read, page.items), next: page.next };
    }),
    on(wire.ownRights, async ({ read, principal, query }) => {
      const page = await rightsHeldBy(read, signedIn(principal), query);
      return { items: await rightViews(read, page.items), next: page.next };
    }),
    on(wire.rightsOfCertificate, async ({ read, principal, params }) => {
      const one = await found(read, params.code);
      const own = signedIn(principal);
      const rights = await listRights(read, sql`certificate = ${one.id}`);
      const may =
        own === one.registrar ||
        rights.some((right) => right.participant === own) ||
        principal.permissions.has('registry.resource.supervise');
      if (!may) throw kernelProblems.unknown();
      return { items: await rightViews(read, inOrder(rights)) };
    }),
    on(wire.proposeCancellation, async ({ tx, principal, params, body }) => {
      await proposeCancellation(tx, principal, params.code, body);
      return { ok: true as const };
    }),
    on(wire.confirmCancellation, async ({ tx, principal, params }) =>
      shown(tx, await confirmCancellation(deps, tx, principal, params.code)),
    ),
    on(wire.precheckRegistration, async ({ read, principal, body }) =>
      told(await precheckFirst(deps, read, { participant: principal.participant, ...body }), principal.language),
    ),
  ];
};

const told = <F extends { faults: FieldFault[] }>(found: F, language: 'zh' | 'en') => ({
  ...found,
  faults: found.faults.map((one) => ({ ...one, message: inLanguage(one.message, language) })),
});

const remarkRoutes = (): Route[] => [
  on(wire.addRemark, async ({ tx, principal, params, body }) =>
    remarkView(await addRemark(tx, principal, params.id, body)),
  ),
  on(wire.liftRemark, async ({ tx, principal, params, body }) =>
    remarkView(await liftRemark(tx, principal, params.id, body.reason)),
  ),
  on(wire.listRemarks, async ({ read, principal, params }) => {
    const own = signedIn(principal);
    const right = await findRight(read, params.id);
    const certificate = right && (await findCertificate(read, { id: right.certificate }));
    const may =
      right?.participant === own ||
      certificate?.registrar === own ||
      principal.permissions.has('registry.resource.supervise');
    if (!right || !may) throw kernelProblems.unknown();
    return { items: (await listRemarks(read, sql`right_id = ${right.id}`)).map(remarkView) };
  }),
];

const inspectionRoutes = (deps: RegistryDeps): Route[] => [
  on(wire.askInspection, async ({ tx, principal, body }) =>
    inspectionView(await askInspection(deps.cases, tx, principal, body)),
  ),
  on(wire.answerInspection, async ({ tx, principal, params, body }) =>
    inspectionView(await answerInspection(tx, principal, params.id, body)),
  ),
  on(wire.listInspections, async ({ read, principal, query }) => {
    const own = signedIn(principal);
    const after = decodeCursor(query.after, 1);
    const handles = principal.permissions.has('registry.registration.accept');
    const rows = await listInspections(
      read,
      sql`(participant = ${own} ${handles ? sql`or handler = ${own}` : empty}) ${after ? sql`and id < ${after[0]}` : empty}`,
      pageSize(query) + 1,
    );
    return pageOf(rows, query, (row) => [row.id], inspectionView);
  }),
];

const registrarRoutes = (deps: RegistryDeps): Route[] => {
  const view = async (read: Reader) => {
    const registrar = await deps.members.registrarOf(read);
    if (!registrar) throw kernelProblems.unknown();
    const page = await pageOfRegistrar(read, registrar.id);
    return {
      id: registrar.id,
      name: registrar.name,
      nationalSystem: deps.national.label,
      process: page?.process ?? '',
      complaintChannel: page?.complaintChannel ?? '',
      team: page?.team ?? '',
      fees: page?.fees ?? [],
      updatedAt: page?.updatedAt.toISOString() ?? null,
    };
  };
  return [
    on(wire.getRegistrar, async ({ read }) => view(read)),
    on(wire.putRegistrar, async ({ tx, principal, body }) => {
      await saveRegistrarPage(tx, principal.participant, body);
      return view(tx);
    }),
    on(wire.registryStatistics, async ({ read, query }) => {
      const year = query.year ?? Number(dayOf(deps.now()).slice(0, 4));
      return { year, items: await volumesOf(read, year), inForce: await certificatesInForce(read) };
    }),
    on(wire.listDispatches, async ({ read, principal, query }) => {
      const after = decodeCursor(query.after, 1);
      const rows = await listDispatches(
        read,
        sql`participant = ${principal.participant} ${query.case ? sql`and case_id = ${query.case}` : empty}
          ${after ? sql`and id < ${after[0]}` : empty}`,
        pageSize(query) + 1,
      );
      return pageOf(rows, query, (row) => [row.id], dispatchView);
    }),
  ];
};

export const makeRoutes = (deps: RegistryDeps): Route[] => [
  ...resourceRoutes(deps),
  ...uploadRoutes(deps),
  ...certificateRoutes(deps),
  ...remarkRoutes(),
  ...inspectionRoutes(deps),
  ...registrarRoutes(deps),
];
