/** A registration certificate as everyone may see it. */
import type { getCertificate } from '@shugu/wire/registry';
import { Alert } from 'antd';
import type { Reply } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { dayOf } from '../ui/format.ts';
import { Facts, Sheet } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';
import { pdfAddress } from '../verify/result.tsx';

export type Certificate = Reply<typeof getCertificate>;

export const CertificateView = ({ one }: { one: Certificate }) => {
  const { t, w } = useWords();
  return (
    <Sheet
      title={t('certificate.title')}
      extra={one.specimen ? <span className="seal">{t('app.specimen')}</span> : null}
    >
      {one.remarks.length ? (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 14 }}
          title={one.remarks
            .map((remark) => `${w('remarkKind', remark.kind)}（${dayOf(remark.since)}）`)
            .join(listMark())}
        />
      ) : null}
      <Facts
        items={[
          [
            t('certificate.code'),
            <b key="c" className="mono">
              {one.code}
            </b>,
          ],
          [t('case.state'), <StateTag key="s" list="certificateState" state={one.state} />],
          [t('certificate.dataName'), one.dataName],
          [
            t('certificate.summary'),
            <span key="d" className="prose">
              {one.dataSummary}
            </span>,
          ],
          [t('certificate.limits'), one.limits],
          [
            t('certificate.rights'),
            one.rights.map((right) => (
              <div key={right.right + right.holder + right.from}>
                {w('right', right.right)} · {right.holder} · {dayOf(right.from)} — {dayOf(right.until)}{' '}
                <StateTag list="rightState" state={right.state} />
              </div>
            )),
          ],
          [t('certificate.registrar'), one.registrar.name],
          [t('certificate.evidence'), `${one.evidenceNumber}（${one.evidencedOn}）`],
          [t('certificate.validity'), `${dayOf(one.validFrom)} — ${dayOf(one.validUntil)}`],
          one.paper
            ? [
                t('papers.pdf'),
                <a key="p" href={pdfAddress(one.paper)}>
                  {t('app.download')}
                </a>,
              ]
            : null,
        ]}
      />
    </Sheet>
  );
};
