import * as wire from '@shugu/wire/agreements';
import type { Database, Reader } from '../kernel/db/db.ts';
import { actorOf, type Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Contract } from './model.ts';
import { agreementProblems as problems } from './problems.ts';
import { contracts, findContract, findOffer, findTemplate, findVersion, roundsOf, templates } from './reads.ts';
import { type AgreementsDeps, sideOf } from './service/deps.ts';
import { confirmTerms, proposeTerms } from './service/drafting.ts';
import {
  decideForced,
  decideTermination,
  forceTermination,
  proposeTermination,
  refuseContract,
} from './service/ending.ts';
import { createOffer, explainPolicy, offeredTo, policyNames, withdrawOffer } from './service/policies.ts';
import { confirmPaper, filePaper, signContract } from './service/signing.ts';
import { draftTemplate, enableTemplate, importTemplates, retireTemplate } from './service/templates.ts';
import { offerViewOf, summaryOf, templateSummaryOf, templateViewOf, viewOf } from './view.ts';

export interface AgreementsRouteDeps extends AgreementsDeps {
  database: Database;
}

const mayRead = (principal: Principal, contract: Contract): boolean =>
  (sideOf(contract, principal.participant) !== undefined && principal.permissions.has('agreements.contract.read')) ||
  principal.permissions.has('agreements.contract.supervise');

const visible = async (read: Reader, principal: Principal, id: string): Promise<Contract> => {
  const contract = await findContract(read, id);
  if (!contract || !mayRead(principal, contract)) throw kernelProblems.unknown();
  return contract;
};

const view = async (read: Reader, principal: Principal, id: string) =>
  viewOf(read, (await findContract(read, id))!, principal);

export const makeRoutes = (deps: AgreementsRouteDeps): Route[] => [
  ...policyRoutes(deps),
  ...templateRoutes(),
  ...readingRoutes(),
  ...negotiationRoutes(deps),
  ...paperRoutes(deps),
  ...endingRoutes(),
];

const policyRoutes = (deps: AgreementsDeps): Route[] => [
  on(wire.explainPolicy, async ({ body }) => explainPolicy(body.policy, body.names)),
  on(wire.createOffer, async ({ tx, body }) => {
    const offer = await createOffer(deps, tx, body);
    return offerViewOf(offer, await policyNames(deps, tx, offer.productVersion, offer.policy));
  }),
  on(wire.getOffer, async ({ read, principal, params }) => {
    const offer = await findOffer(read, params.id);
    const own =
      offer?.participant === principal.participant || principal.permissions.has('agreements.contract.supervise');
    if (!offer || !(own || (await offeredTo(deps, read, offer, principal.participant)))) throw kernelProblems.unknown();
    return offerViewOf(offer, await policyNames(deps, read, offer.productVersion, offer.policy));
  }),
  on(wire.withdrawOffer, async ({ tx, params }) => {
    const offer = await withdrawOffer(tx, params.id);
    return offerViewOf(offer, await policyNames(deps, tx, offer.productVersion, offer.policy));
  }),
];

const templateRoutes = (): Route[] => {
  const seesDrafts = (principal: Principal) =>
    principal.permissions.has('agreements.template.write') || principal.permissions.has('agreements.template.enable');
  return [
    on(wire.listTemplates, async ({ read, principal, query }) => {
      const page = await templates(read, query, seesDrafts(principal));
      return { ...page, items: page.items.map(templateSummaryOf) };
    }),
    on(wire.getTemplate, async ({ read, principal, params }) => {
      const template = await findTemplate(read, params.id);
      if (!template || (template.state === 'draft' && !seesDrafts(principal))) throw kernelProblems.unknown();
      return templateViewOf(template);
    }),
    on(wire.draftTemplate, async ({ tx, body }) => templateViewOf(await draftTemplate(tx, body))),
    on(wire.importTemplates, async ({ tx }) => ({ drafted: (await importTemplates(tx)).map(templateSummaryOf) })),
    on(wire.enableTemplate, async ({ tx, params }) => templateSummaryOf(await enableTemplate(tx, params.id))),
    on(wire.retireTemplate, async ({ tx, params }) => templateSummaryOf(await retireTemplate(tx, params.id))),
  ];
};

const readingRoutes = (): Route[] => [
  on(wire.listContracts, async ({ read, principal, query }) => {
    const all = principal.permissions.has('agreements.contract.supervise');
    if (!all && !principal.permissions.has('agreements.contract.read')) throw kernelProblems.notPermitted();
    const page = await contracts(read, all ? undefined : principal.participant, query);
    return { ...page, items: page.items.map(summaryOf) };
  }),
  on(wire.getContract, async ({ read, principal, params }) =>
    viewOf(read, await visible(read, principal, params.id), principal),
  ),
  on(wire.getDocument, async ({ read, principal, params }) => {
    const contract = await visible(read, principal, params.id);
    const version = await findVersion(read, contract.id, params.version);
    if (!version?.document) throw kernelProblems.unknown();
    return { body: Buffer.from(version.document, 'utf8'), fileName: `${contract.number}-${version.number}.json` };
  }),
  on(wire.listRounds, async ({ read, principal, params }) => {
    const contract = await visible(read, principal, params.id);
    return { items: (await roundsOf(read, contract.id)).map((row) => ({ ...row, at: row.at.toISOString() })) };
  }),
];

const negotiationRoutes = (deps: AgreementsDeps): Route[] => [
  on(wire.proposeTerms, async ({ tx, principal, params, body }) => {
    await proposeTerms(deps, tx, params.id, body.terms, body.note);
    return view(tx, principal, params.id);
  }),
  on(wire.confirmTerms, async ({ tx, principal, params, body }) => {
    await confirmTerms(deps, tx, params.id, body.round);
    return view(tx, principal, params.id);
  }),
  on(wire.listAuthorities, async () => ({
    items: (deps.authorities ?? []).map(({ id, title }) => ({ id, title })),
  })),
  on(wire.signContract, async ({ tx, principal, params, body }) => {
    await signContract(deps, tx, params.id, body.documentHash, body.certified);
    return view(tx, principal, params.id);
  }),
  on(wire.refuseContract, async ({ tx, principal, params, body }) => {
    await refuseContract(tx, params.id, body.reason);
    return view(tx, principal, params.id);
  }),
];

/** The stream as it is, once its first bytes say that it is a PDF. */
async function* pdfOnly(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const mark = Buffer.from('%PDF-');
  let head = Buffer.alloc(0);
  let checked = false;
  for await (const chunk of stream) {
    if (checked) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < mark.length) continue;
    if (!head.subarray(0, mark.length).equals(mark)) throw problems.paperNotPdf();
    checked = true;
    yield head;
  }
  if (!checked) throw problems.paperNotPdf();
}

const paperRoutes = (deps: AgreementsRouteDeps): Route[] => [
  on(
    wire.uploadPaper,
    async ({ principal, params, query, stream, requestId }) => {
      // Strangers are turned away before a byte is kept.
      const contract = await findContract(deps.database, params.id);
      if (!contract || !sideOf(contract, principal.participant)) throw kernelProblems.unknown();
      if (contract.state !== 'pendingSignature' && contract.state !== 'effective')
        throw problems.wrongState({ detail: contract.state });
      const object = await deps.objects.put(pdfOnly(stream), { bytesMax: wire.agreementLimits.paperBytesMax });
      return deps.database.tx(actorOf(principal, requestId), async (tx) => {
        await filePaper(deps, tx, params.id, query.documentHash, object);
        return view(tx, principal, params.id);
      });
    },
    { ownTransaction: true },
  ),
  on(wire.confirmPaper, async ({ tx, principal, params, body }) => {
    await confirmPaper(deps, tx, params.id, body.digest, body.documentHash);
    return view(tx, principal, params.id);
  }),
];

const endingRoutes = (): Route[] => [
  on(wire.proposeTermination, async ({ tx, principal, params, body }) => {
    await proposeTermination(tx, params.id, body.reason);
    return view(tx, principal, params.id);
  }),
  on(wire.decideTermination, async ({ tx, principal, params, body }) => {
    await decideTermination(tx, params.id, params.termination, body.accept);
    return view(tx, principal, params.id);
  }),
  on(wire.forceTermination, async ({ tx, principal, params, body }) => {
    await forceTermination(tx, params.id, body.reason);
    return view(tx, principal, params.id);
  }),
  on(wire.confirmForcedTermination, async ({ tx, principal, params, body }) => {
    await decideForced(tx, params.id, params.termination, body.accept);
    return view(tx, principal, params.id);
  }),
];
