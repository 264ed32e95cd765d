import { copyProof, createAddress, describeGrant, getGrant } from '@shugu/wire/delivery';
import { Link } from '@tanstack/react-router';
import { Alert, Tag } from 'antd';
import { useState } from 'react';
import { addressOf, useRead } from '../api.ts';
import { Console } from '../delivery/console.tsx';
import { GrantKeys, OnceShown } from '../delivery/keys.tsx';
import { ServiceLevels } from '../delivery/levels.tsx';
import { LiveUse } from '../delivery/live-use.tsx';
import { ProxyConsole } from '../delivery/proxy-console.tsx';
import { QueryConsole } from '../delivery/query-console.tsx';
import { Balance, Receipts } from '../delivery/receipts.tsx';
import { ShareAccess } from '../delivery/share.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { bytes } from '../ui/format.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

export default function Grant() {
  const { t, w } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(getGrant, { params: { id } }, { every: 10_000 });
  // Kept only while the page is open, so that the console can be tried at once.
  const [secret, setSecret] = useState<string>();
  const [address, setAddress] = useState<string>();
  return (
    <Loaded of={read}>
      {(one) => {
        const buyer = me?.organisation.id === one.buyer.id;
        const { files = [], marked = false } = one.lines.find((line) => line.kind === 'file') ?? {};
        const ended = one.state === 'withdrawn' || one.state === 'expired';
        return (
          <Page
            title={one.productName}
            lead={one.trial ? t('grant.trial') : t('grant.lead')}
            actions={<StateTag state={one.state} />}
          >
            <NextStep
              text={one.reason ? w('endedHow', one.reason) : t(`grant.next.${one.state}`)}
              mine={buyer && one.state === 'active'}
              done={ended}
            />
            <div className="columns">
              <div>
                {buyer ? <GrantKeys grant={one.id} active={one.state === 'active'} onSecret={setSecret} /> : null}
                {buyer
                  ? one.lines
                      .filter((line) => line.kind !== 'file' && line.kind !== 'share' && line.address)
                      .map((line) => {
                        const { purposes, authorisationRequired } = one;
                        const asked = { line, secret, purposes, authorisationRequired };
                        if (line.kind === 'proxy') return <ProxyConsole key={line.kind} grant={one.id} {...asked} />;
                        return line.kind === 'query' ? (
                          <QueryConsole key={line.kind} {...asked} />
                        ) : (
                          <Console key={line.kind} {...asked} />
                        );
                      })
                  : null}
                {one.lines.map((line) =>
                  buyer && line.share ? (
                    <ShareAccess
                      key={line.kind}
                      grant={one.id}
                      share={line.share}
                      active={one.state === 'active'}
                      purposes={one.purposes}
                    />
                  ) : null,
                )}
                {files.length ? (
                  <Sheet title={t('endpoints.files')}>
                    <OnceShown secret={address} onClose={() => setAddress(undefined)} />
                    <ul className="card-list">
                      {files.map((file) => (
                        <li key={file.name} className="row between">
                          <span>
                            <b>{file.name}</b> {bytes(file.bytes)}
                            <div className="small mono quiet">sha256 {file.sha256}</div>
                            {marked ? (
                              <a className="small" href={addressOf(copyProof.path, { id }, { file: file.name })}>
                                {t('grant.copyProof')}
                              </a>
                            ) : null}
                          </span>
                          {buyer ? (
                            <Action
                              endpoint={createAddress}
                              label={t('grant.address')}
                              small
                              blocked={one.state === 'active' ? null : t('grant.notActive')}
                              fields={[
                                field('seconds', 'number', ['有效秒数', 'Valid for (seconds)'], {
                                  min: 1,
                                  max: 604800,
                                }),
                              ]}
                              initial={{ seconds: 3600 }}
                              input={(values) => ({
                                params: { id: one.id },
                                body: { file: file.name, ...values } as never,
                              })}
                              after={(reply) => setAddress(reply.url)}
                            />
                          ) : null}
                        </li>
                      ))}
                    </ul>
                  </Sheet>
                ) : null}
                {one.lines.some((line) => !line.ready) ? (
                  <Alert type="info" showIcon title={t('grant.building')} style={{ marginBottom: 16 }} />
                ) : null}
                <LiveUse grant={one.id} />
                <ServiceLevels grant={one.id} />
                {buyer ? <Receipts grant={one.id} /> : null}
              </div>
              <div>
                <Balance grant={one.id} />
                <Sheet title={t('grant.about')}>
                  <Facts
                    items={[
                      [t('who.supplier'), one.supplier.name],
                      [t('who.buyer'), one.buyer.name],
                      [t('grant.actions'), one.actions.map((action) => w('action', action)).join(listMark())],
                      [
                        t('scenario.purposes'),
                        one.purposes
                          ? one.purposes.map((purpose) => <Tag key={purpose}>{w('purpose', purpose)}</Tag>)
                          : t('app.all'),
                      ],
                      [t('contract.from'), <When key="f" at={one.from} />],
                      [t('contract.until'), <When key="u" at={one.until} />],
                      one.contract && [
                        t('menu.contracts'),
                        <Link key="c" to={paths.contract(one.contract)}>
                          {t('do.open')}
                        </Link>,
                      ],
                      one.order && [
                        t('menu.orders'),
                        <Link key="o" to={paths.order(one.order)}>
                          {t('do.open')}
                        </Link>,
                      ],
                      [
                        'OpenAPI',
                        <a key="o" href={addressOf(describeGrant.path, { id })}>
                          {t('do.open')}
                        </a>,
                      ],
                      [
                        t('grant.policyHash'),
                        <span key="h" className="mono small">
                          {one.policyHash}
                        </span>,
                      ],
                    ]}
                  />
                </Sheet>
              </div>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}
