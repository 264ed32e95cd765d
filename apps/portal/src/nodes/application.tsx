/** What a node's application says of it, and the attachments that go with it. */
import { dropAttachment, holdAttachment, type join, type readUplink } from '@shugu/wire/nodes';
import { applicationLimits, attachmentKinds, type attachmentTypes } from '@shugu/wire/nodes-application';
import { Tag } from 'antd';
import { client, type Input, type Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { bytes } from '../ui/format.ts';
import { Sheet } from '../ui/frame.tsx';
import { SendFileOf } from '../ui/send-file.tsx';

type Technical = NonNullable<Input<typeof join>['body']['technical']>;
type Attachment = Reply<typeof readUplink>['attachments'][number];
type MediaType = (typeof attachmentTypes)[number];

const part = 'technical.';

/** Named as the door names them, so that what is wrong is told at its own field. */
export const technicalFields = [
  field(`${part}accessWay`, 'choice', ['接入方式', 'Way of access'], {
    choices: [
      ['dedicated', '专线', 'dedicated line'],
      ['internet', '互联网', 'internet'],
    ],
  }),
  field(`${part}addresses`, 'list', ['IP 地址', 'IP addresses']),
  field(`${part}domains`, 'list', ['域名', 'Domains']),
  field(`${part}macAddresses`, 'list', ['MAC 地址（如 00:1A:2B:3C:4D:5E）', 'MAC addresses (as 00:1A:2B:3C:4D:5E)']),
  field(`${part}vendor`, 'text', ['连接器厂商', 'Vendor of the connector']),
  field(`${part}vendorCode`, 'text', ['厂商代码', 'Vendor’s code']),
  field(`${part}serialNumber`, 'text', ['产品序列号', 'Serial number']),
  field(`${part}version`, 'text', ['产品版本', 'Version']),
  field(`${part}issuer`, 'text', ['证书签发方', 'Issuer of its certificate']),
  field(`${part}csr`, 'longText', ['证书请求（PEM）', 'Request for a certificate (PEM)']),
  field(`${part}industry`, 'text', ['行业代码（GB/T 4754，如 G54）', 'Industry (GB/T 4754, as G54)']),
  field(`${part}scope`, 'longText', ['服务范围', 'What it serves']),
  field(`${part}contact`, 'text', [
    '值守联系方式（单位电话或邮箱）',
    'Duty desk (the organisation’s telephone or mailbox)',
  ]),
];

const isGiven = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value != null && value !== '');

/** The form's values as the door takes them: what was left empty is not said. */
export const applicationOf = (values: Record<string, unknown>): Input<typeof join>['body'] => {
  const given = Object.entries(values).filter(([, value]) => isGiven(value));
  const technical = Object.fromEntries(
    given.filter(([id]) => id.startsWith(part)).map(([id, value]) => [id.slice(part.length), value]),
  ) as Technical;
  return {
    ...(Object.fromEntries(given.filter(([id]) => !id.startsWith(part))) as object),
    ...(Object.keys(technical).length > 0 ? { technical } : {}),
  };
};

const typeOf: Record<string, MediaType> = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  json: 'application/json',
  xml: 'application/xml',
  zip: 'application/zip',
  txt: 'text/plain',
};

const Standing = ({ one, applied }: { one: Attachment; applied: boolean }) => {
  const { t } = useWords();
  if (one.fault) return <span className="late">{t('uplink.attachmentRefused', { fault: one.fault })}</span>;
  if (one.sentAt) return <Tag color="success">{t('uplink.attachmentSent')}</Tag>;
  return <Tag>{t(applied && one.named ? 'uplink.attachmentWaits' : 'uplink.attachmentHeld')}</Tag>;
};

/** `applied`: an application stands at the hub; what it names stays. */
export const Attachments = ({ items, applied }: { items: Attachment[]; applied: boolean }) => {
  const { t, w } = useWords();
  const me = useMe();
  const writes = may(me, 'nodes.uplink.write');
  const send = async (file: File, kind: Attachment['kind']) => {
    const mediaType = typeOf[file.name.split('.').at(-1)?.toLowerCase() ?? ''];
    if (!mediaType) throw new Error(t('uplink.attachmentType'));
    const name = file.name.slice(-applicationLimits.attachmentNameCharactersMax);
    await client.raw(
      holdAttachment,
      { query: { kind, name, mediaType } },
      { rawBody: file, headers: { 'content-type': 'application/octet-stream' } },
    );
  };
  return (
    <Sheet title={t('uplink.attachments')}>
      <p className="quiet">
        {t('uplink.attachmentsLead', {
          size: bytes(applicationLimits.attachmentBytesMax),
          count: applicationLimits.attachmentsMax,
        })}
      </p>
      {items.length ? (
        <ul className="card-list" style={{ marginBottom: 16 }}>
          {items.map((one) => (
            <li key={one.id}>
              <div className="row between">
                <b>{w('attachmentKind', one.kind)}</b>
                <Standing one={one} applied={applied} />
              </div>
              <div className="row between small">
                <span style={{ overflowWrap: 'anywhere' }}>
                  {one.name}{' '}
                  <span className="quiet">
                    {bytes(one.bytes)} · <span className="mono">{one.sha256.slice(0, 22)}…</span>
                  </span>
                </span>
                {writes && !(applied && one.named) ? (
                  <Action
                    small
                    danger
                    endpoint={dropAttachment}
                    label={t('uplink.attachmentDrop')}
                    explain={<p>{t('uplink.attachmentDropExplain')}</p>}
                    input={() => ({ params: { id: one.id }, body: {} })}
                  />
                ) : null}
              </div>
            </li>
          ))}
        </ul>
      ) : (
        <p>{t('uplink.attachmentsNone')}</p>
      )}
      {writes && items.length < applicationLimits.attachmentsMax ? (
        <SendFileOf
          label={t('uplink.attachmentAdd')}
          accept={Object.keys(typeOf)
            .map((ending) => `.${ending}`)
            .join(',')}
          bytesMax={applicationLimits.attachmentBytesMax}
          send={send}
          kindLabel={t('uplink.attachmentKind')}
          kinds={attachmentKinds.map((value) => ({ value, label: w('attachmentKind', value) }))}
        />
      ) : null}
    </Sheet>
  );
};
