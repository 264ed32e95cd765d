import { confirmPaper, getContract, listRounds, uploadPaper } from '@shugu/wire/agreements';
import { listProcesses } from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import { ContractDocument } from '../agreements/document.tsx';
import { type Contract, ContractMoves } from '../agreements/moves.tsx';
import { client, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { Held } from '../supervision/legal-holds.tsx';
import { Action } from '../ui/action.tsx';
import { dayOf, percent } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { SendFile } from '../ui/send-file.tsx';
import { NextStep, StateTag } from '../ui/step.tsx';
import { History } from '../ui/timeline.tsx';

const PaperSigning = ({ one }: { one: Contract }) => {
  const { t } = useWords();
  const version = one.open ?? one.current;
  if (version.state !== 'pendingSignature' || !version.documentHash) return null;
  const send = (file: File) =>
    client.raw(
      uploadPaper,
      { params: { id: one.id }, query: { documentHash: version.documentHash! } },
      { rawBody: file, headers: { 'content-type': 'application/octet-stream' } },
    );
  return (
    <Sheet title={t('contract.onPaper')}>
      <p className="quiet">{t('contract.onPaperText')}</p>
      <SendFile
        label={t('contract.uploadPaper')}
        accept="application/pdf"
        send={send}
        after={
          version.paper ? (
            <Action
              endpoint={confirmPaper}
              label={t('contract.confirmPaper')}
              explain={<p className="mono small">{version.paper.digest}</p>}
              input={() => ({
                params: { id: one.id },
                body: { digest: version.paper!.digest, documentHash: version.documentHash! },
              })}
            />
          ) : null
        }
      />
    </Sheet>
  );
};

/** A contract that was negotiated over the Dataspace Protocol leads the supplier to the messages. */
const Negotiated = ({ one }: { one: Contract }) => {
  const { t } = useWords();
  const me = useMe();
  const asks =
    one.order !== null &&
    one.supplier.participant === me?.organisation.id &&
    (one.buyer.dataspaceId !== undefined || one.buyer.creditCode === '');
  const read = useRead(
    listProcesses,
    { query: { order: one.order ?? '', kind: 'negotiation' } },
    { enabled: asks && may(me, 'federation.read') },
  );
  const [found] = read.data?.items ?? [];
  if (!found) return null;
  return (
    <Sheet title={t('process.ofContract')}>
      <Link to={paths.process(found.id)}>{t('process.seen')}</Link>
    </Sheet>
  );
};

/** Of another node: whose word its name and code are. */
const Buyer = ({ of: { name, creditCode, dataspaceId, attestedBy } }: { of: Contract['buyer'] }) => {
  const { t } = useWords();
  if (dataspaceId === undefined) return name;
  return (
    <>
      <div>
        {name} {attestedBy ? <span className="mono">{creditCode || t('attested.none')}</span> : null}
      </div>
      <div className="small quiet" style={{ overflowWrap: 'anywhere' }}>
        {t('attested.party', { id: dataspaceId })}
        {attestedBy ? <div>{t('attested.by', { issuer: issuerOf(attestedBy) })}</div> : null}
      </div>
    </>
  );
};
const issuerOf = ({ name, issuer }: { name: string; issuer: string }): string =>
  name === issuer ? issuer : `${name} ${issuer}`;

const Rounds = ({ one }: { one: Contract }) => {
  const { t, w, b } = useWords();
  const read = useRead(listRounds, { params: { id: one.id } });
  const nameOf = (id: string) => [one.supplier, one.buyer].find((party) => party.participant === id)?.name ?? id;
  const version = one.open ?? one.current;
  const happened = (read.data?.items.length ?? 0) + version.signatures.length + one.terminations.length > 0;
  if (!happened)
    return (
      <Sheet title={t('case.history')}>
        <p className="quiet">{t('contract.noHistory')}</p>
      </Sheet>
    );
  return (
    <Sheet title={t('case.history')}>
      <History
        items={[
          ...(read.data?.items ?? []).map((round) => ({
            key: `r${round.version}-${round.round}`,
            at: round.at,
            colour: 'blue' as const,
            title: t('contract.round', { party: nameOf(round.by), number: round.round }),
            detail: (
              <>
                {round.note}
                {round.changes.map((change) => (
                  <div key={change.field} className="small mono">
                    {change.field}: {JSON.stringify(change.from)} → {JSON.stringify(change.to)}
                  </div>
                ))}
              </>
            ),
          })),
          ...version.signatures.map((signature) => ({
            key: signature.participant,
            at: signature.at,
            title: t('contract.signedBy', { party: nameOf(signature.participant) }),
            detail: (
              <>
                {w('signatureLevel', signature.level)}
                {signature.certified ? (
                  <div className="small">
                    {t('contract.certifiedBy', {
                      authority: b(signature.certified.authority),
                      holder: signature.certified.holder,
                      serial: signature.certified.serial,
                    })}
                  </div>
                ) : null}
                <div className="small mono quiet">{signature.keyId}</div>
              </>
            ),
          })),
          ...one.terminations.map((each) => ({
            key: each.id,
            at: each.at,
            colour: 'red' as const,
            title: `${t(`contract.termination.${each.kind}`)} · ${t(`contract.terminationState.${each.state}`)}`,
            detail: each.reason,
          })),
        ].sort((a, b) => (a.at < b.at ? -1 : 1))}
      />
    </Sheet>
  );
};

export default function ContractPage() {
  const { t, w } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(getContract, { params: { id } }, { every: 15_000 });
  return (
    <Loaded of={read}>
      {(one) => {
        const version = one.open ?? one.current;
        const mine = !!me && one.next.waitsFor.includes(me.organisation.id);
        const waits = [one.supplier, one.buyer]
          .filter((party) => one.next.waitsFor.includes(party.participant))
          .map((party) => party.name);
        const ended = [
          'completed',
          'terminatedAgreed',
          'terminatedForced',
          'refused',
          'expired',
          'basisEnded',
        ].includes(one.state);
        return (
          <Page title={one.productName} lead={one.number} actions={<StateTag list="contractState" state={one.state} />}>
            <Held target={one.id} />
            <NextStep
              who={waits.join(listMark()) || undefined}
              text={
                ended ? (one.endReason ?? w('contractState', one.state)) : t(`contract.next.${one.state as 'draft'}`)
              }
              mine={mine}
              done={ended}
            >
              <ContractMoves one={one} />
            </NextStep>
            {one.state === 'draft' || one.state === 'negotiating' || one.state === 'pendingSignature' ? (
              <Alert
                type="info"
                showIcon
                style={{ marginBottom: 16 }}
                title={
                  <>
                    {t('contract.respondBy')} <Due at={one.respondBy} />
                  </>
                }
              />
            ) : null}
            <div className="columns">
              <div>
                <ContractDocument id={one.id} version={version.number} hash={version.documentHash} />
                <Rounds one={one} />
              </div>
              <div>
                <Sheet title={t('contract.terms')}>
                  <Facts
                    items={[
                      [t('who.supplier'), one.supplier.name],
                      [t('who.buyer'), <Buyer key="buyer" of={one.buyer} />],
                      [t('contract.kind'), w('contractKind', one.kind)],
                      [t('order.way'), w('way', version.terms.settlementWay)],
                      [
                        t('facet.deliveryMode'),
                        version.terms.deliveryModes.map((mode) => w('deliveryMode', mode)).join(listMark()),
                      ],
                      [
                        t('contract.term'),
                        one.from ? `${dayOf(one.from)} — ${dayOf(one.until)}` : t('contract.termFromSignature'),
                      ],
                      [t('product.acceptanceDays'), version.terms.acceptanceDays],
                      [t('contract.tax'), percent(version.terms.tax.rate)],
                      [t('contract.dispute'), version.terms.dispute.body],
                      one.effectiveAt && [t('contract.effectiveAt'), <When key="e" at={one.effectiveAt} />],
                      one.order && [
                        t('menu.orders'),
                        <Link key="o" to={paths.order(one.order)}>
                          {t('do.open')}
                        </Link>,
                      ],
                      one.paperId && [
                        t('papers.title'),
                        <Link key="p" to={paths.paper(one.paperId)}>
                          {t('do.open')}
                        </Link>,
                      ],
                    ]}
                  />
                </Sheet>
                <Sheet title={t('contract.basis')}>
                  <p className="quiet small">{t('contract.basisText')}</p>
                  {version.basis.map((item) => (
                    <div key={item.kind + item.reference}>
                      {w('basisKind', item.kind)} <span className="mono">{item.reference}</span>{' '}
                      <span className="quiet small">
                        {item.until ? t('product.until', { day: dayOf(item.until) }) : ''}
                      </span>
                    </div>
                  ))}
                </Sheet>
                <Negotiated one={one} />
                <PaperSigning one={one} />
              </div>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}
