/** Signing with a certificate of a licensed authority: the text goes out to the certificate's own tool, signature and chain come back. */
import { getDocument, listAuthorities, signContract } from '@shugu/wire/agreements';
import { Button, Input, Upload } from 'antd';
import { addressOf, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { type FormField, field, type WidgetProps } from '../ui/fields.tsx';
import type { Contract } from './moves.tsx';
import { certificateFilePem, signatureFileText } from './signed-files.ts';

/** Text that can be pasted, or read from files that a tool wrote. */
const FromFile = ({
  id,
  value,
  onChange,
  read,
  several = false,
}: WidgetProps & { read: (file: File) => Promise<string>; several?: boolean }) => {
  const { t } = useWords();
  const take = async (files: File[]) => onChange?.((await Promise.all(files.map(read))).join(''));
  return (
    <>
      <Input.TextArea
        id={id}
        className="mono"
        autoSize={{ minRows: 3, maxRows: 8 }}
        value={typeof value === 'string' ? value : ''}
        onChange={(event) => onChange?.(event.target.value)}
      />
      <Upload
        showUploadList={false}
        multiple={several}
        beforeUpload={(file, files) => {
          if (file === files[0]) void take(files);
          return false;
        }}
      >
        <Button size="small" style={{ marginTop: 6 }}>
          {t('contract.fromFile')}
        </Button>
      </Upload>
    </>
  );
};

const SignatureInput = (props: WidgetProps) => <FromFile {...props} read={signatureFileText} />;
const CertificatesInput = (props: WidgetProps) => <FromFile {...props} read={certificateFilePem} several />;

const fieldsOf = (authorities: readonly { id: string; title: { zh: string; en: string } }[]): FormField[] => [
  field('certified.authority', 'choice', ['电子认证机构', 'Certification authority'], {
    required: true,
    choices: authorities.map(({ id, title }) => [id, title.zh, title.en] as const),
  }),
  field('certified.signature', 'longText', ['签名（Base64）', 'Signature (Base64)'], {
    required: true,
    widget: SignatureInput,
  }),
  field(
    'certified.certificates',
    'longText',
    ['证书（PEM，签名证书在前，上级证书在后）', 'Certificates (PEM: yours first, then those above it)'],
    {
      required: true,
      widget: CertificatesInput,
    },
  ),
];

/** Nothing where the operator has connected no authority. */
export const CertifiedSigning = ({ one }: { one: Contract }) => {
  const { t } = useWords();
  const read = useRead(listAuthorities, {});
  const version = one.open ?? one.current;
  const authorities = read.data?.items ?? [];
  if (authorities.length === 0 || !version.documentHash) return null;
  const document = addressOf(getDocument.path, { id: one.id, version: version.number });
  return (
    <Action
      endpoint={signContract}
      label={t('contract.signCertified')}
      prefix="body"
      fields={fieldsOf(authorities)}
      initial={authorities.length === 1 ? { certified: { authority: authorities[0]!.id } } : undefined}
      explain={
        <>
          <p>{t('contract.signCertifiedExplain')}</p>
          <p>
            <a href={document} download={`${one.number}-${version.number}.json`}>
              {t('contract.downloadText')}
            </a>
          </p>
          <p className="mono small">{version.documentHash}</p>
        </>
      }
      input={(values) => ({
        params: { id: one.id },
        body: { ...(values as object), documentHash: version.documentHash! } as never,
      })}
    />
  );
};
