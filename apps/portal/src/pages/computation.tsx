import { getComputation, revokeComputation, runComputation, signComputation } from '@shugu/wire/compute';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import type { ReactNode } from 'react';
import type { Reply } from '../api.ts';
import { useRead } from '../api.ts';
import { Engine } from '../compute/engine.tsx';
import { Held, Module } from '../compute/held.tsx';
import { Intersection } from '../compute/intersection.tsx';
import { Privacy } from '../compute/privacy.tsx';
import { Uses } from '../compute/uses.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { money } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

type Computation = Reply<typeof getComputation>;
const open = new Set(['draft', 'signed', 'active', 'exhausted']);

const Run = ({ of }: { of: Computation }) => {
  const { t } = useWords();
  const why = of.shares
    ? t('compute.runElsewhere')
    : !of.yours.recipient
      ? t('compute.notRecipient')
      : of.uses.left === 0
        ? t('compute.noUses')
        : of.usesPer?.left === 0
          ? t('compute.noUsesPeriod')
          : of.state !== 'active' && t('compute.notActive');
  return (
    <Action
      endpoint={runComputation}
      label={t('compute.run')}
      primary={of.yours.recipient}
      blocked={why}
      explain={
        <>
          <p>{t('compute.runExplain')}</p>
          {of.payment ? <p>{t('compute.payExplain', { price: money(of.priceFen) })}</p> : null}
          {of.privacy ? <p>{t('compute.noiseExplain', { rho: of.privacy.rho })}</p> : null}
        </>
      }
      prefix="body.values"
      fields={of.query.parameters.map(({ name, title, values }) =>
        field(name, 'choice', [title, title], {
          required: true,
          choices: values.map((value) => [value, value, value] as const),
        }),
      )}
      input={(values) => ({ params: { id: of.id }, body: { query: of.query.digest, values } })}
    />
  );
};

/** Where data stay with their owners it runs there: the command, ready to be copied by either owner. */
const HowTo = ({ of, me }: { of: Computation; me: string | undefined }) => {
  const { t } = useWords();
  if (!of.shares || !of.yours.owner || !['signed', 'active'].includes(of.state)) return null;
  const command = `./shugu compute run --contract ${of.id} --as ${me ?? 'ORG'} --url ${location.origin} --key-file KEY --input FILE${of.engine ? ' --python PYTHON' : ''}`;
  const rows: [string, string][] = [
    ...(of.yours.recipient ? [[t('compute.howToTake'), `${command} --take`] as [string, string]] : []),
    [t('compute.howToJoin'), command],
  ];
  return (
    <Sheet title={t('compute.howTo')}>
      <p>{t('compute.howToText')}</p>
      {rows.map(([title, text]) => (
        <div key={title}>
          <b>{title}</b>
          <p>
            <Long text={text} copyable />
          </p>
        </div>
      ))}
    </Sheet>
  );
};

/** Before an owner signs: who could subtract one result from another. */
const Overlaps = ({ of }: { of: Computation }) => {
  const { t, w } = useWords();
  if (of.overlaps.length === 0) return null;
  return (
    <Alert
      type="warning"
      showIcon
      title={t('compute.overlaps')}
      description={
        <>
          <p>{t('compute.overlapsText')}</p>
          <ul>
            {of.overlaps.map(({ id, title, state }) => (
              <li key={id}>
                <Link to={paths.computation(id)}>{title}</Link> · {w('computeState', state)}
              </li>
            ))}
          </ul>
        </>
      }
    />
  );
};

/** By what the owners know each other without the exchange's word. */
const OwnKeys = ({ of }: { of: Computation }) => {
  const { t } = useWords();
  if (!of.shares) return null;
  return (
    <Sheet title={t('compute.ownKeys')}>
      <p>{t('compute.ownKeysText', { id: of.id })}</p>
      <Facts
        items={of.shares.parts.map(({ owner, fingerprint, confirmed }) => [
          of.owners.find(({ id }) => id === owner)?.name ?? owner,
          <div key={owner}>
            <span className="mono small" style={{ overflowWrap: 'anywhere' }}>
              {fingerprint}
            </span>
            <div>
              {confirmed ? (
                <>
                  {t('compute.confirmedAt')} <When at={confirmed.at} />
                </>
              ) : (
                t('compute.unconfirmed')
              )}
            </div>
          </div>,
        ])}
      />
    </Sheet>
  );
};

const Owner = ({ of }: { of: Computation }) => {
  const { t } = useWords();
  return (
    <>
      {of.state === 'draft' && !of.yours.signed ? (
        <Action
          endpoint={signComputation}
          label={t('compute.sign')}
          primary
          explain={
            <>
              <p>{t('compute.signExplain')}</p>
              <p className="mono small">{of.digest}</p>
            </>
          }
          input={() => ({ params: { id: of.id }, body: { digest: of.digest } })}
        />
      ) : null}
      {open.has(of.state) ? (
        <Action
          endpoint={revokeComputation}
          label={t('compute.revoke')}
          danger
          explain={<p>{t('compute.revokeExplain')}</p>}
          fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
          input={(values) => ({ params: { id: of.id }, body: values as never })}
        />
      ) : null}
    </>
  );
};

/** One computation contract: what each party will learn stands first, before anybody signs. */
export default function ComputationPage() {
  const { t, b, w } = useWords();
  const me = useMe();
  const read = useRead(getComputation, { params: { id: useId() } }, { every: 4_000 });
  return (
    <Loaded of={read}>
      {(of) => (
        <Page title={of.title} lead={of.purpose} actions={<StateTag list="computeState" state={of.state} />}>
          <NextStep
            text={t(`compute.next.${of.state}`, { reason: of.reason })}
            mine={
              (of.state === 'draft' && of.yours.owner && !of.yours.signed) ||
              (of.state === 'active' && of.yours.recipient)
            }
            done={!['draft', 'signed', 'active'].includes(of.state)}
          >
            <Run of={of} />
            {of.yours.owner ? <Owner of={of} /> : null}
          </NextStep>
          <Overlaps of={of} />
          <div className="columns">
            <div>
              <Sheet title={t('compute.learn')}>
                <ul>
                  {of.explained.map((line) => (
                    <li key={line.en}>{b(line)}</li>
                  ))}
                </ul>
                <p>
                  <b>{t('compute.trust')}</b>
                </p>
                <p>{b(of.trust)}</p>
                {of.shares ? null : <p>{t(`compute.isolation.${of.isolation}`)}</p>}
              </Sheet>
              <HowTo of={of} me={me?.organisation.id} />
              <Held of={of} me={me?.organisation.id} />
              <Uses of={of} />
              {of.intersection ? (
                <Intersection of={of} />
              ) : of.module ? (
                <Module of={of} />
              ) : (
                <Sheet title={t('compute.query')}>
                  {of.shares?.protocol ? <p>{t(`sharesProtocol.${of.shares.protocol}`)}</p> : null}
                  <pre className="mono small" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                    {of.query.sql}
                  </pre>
                </Sheet>
              )}
            </div>
            <div>
              <Sheet title={t('compute.about')}>
                <Facts
                  items={[
                    [t('compute.left'), t('compute.of', { left: of.uses.left, total: of.uses.total })],
                    ...(of.usesPer
                      ? ([
                          [
                            t('compute.leftPeriod'),
                            `${t('compute.of', { left: of.usesPer.left, total: of.usesPer.most })} · ${w('usesPeriod', of.usesPer.period)}`,
                          ],
                          [t('compute.renews'), <When key="p" at={of.usesPer.renewsAt} />],
                        ] as [string, ReactNode][])
                      : []),
                    [t('compute.recipients'), of.recipients.map(({ name }) => name).join(listMark())],
                    [t('contract.from'), <When key="f" at={of.from} />],
                    [t('contract.until'), <When key="u" at={of.until} />],
                    [t('compute.price'), money(of.priceFen)],
                    ...(of.release && !of.module
                      ? ([[t('compute.release'), t(`moduleRelease.${of.release.how ?? 'direct'}`)]] as [
                          string,
                          string,
                        ][])
                      : []),
                    [t('compute.engine'), <Engine key="e" of={of.engine} />],
                    [
                      t('compute.digest'),
                      <span key="d" className="mono small" style={{ overflowWrap: 'anywhere' }}>
                        {of.digest}
                      </span>,
                    ],
                  ]}
                />
              </Sheet>
              <Privacy of={of} me={me?.organisation.id} />
              <OwnKeys of={of} />
              <Sheet title={t('compute.signatures')}>
                <Facts
                  items={of.owners.map(({ id, name }) => {
                    const signed = of.signatures.find(({ by }) => by.id === id);
                    return [name, signed ? <When key={id} at={signed.at} /> : t('compute.unsigned')];
                  })}
                />
              </Sheet>
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
