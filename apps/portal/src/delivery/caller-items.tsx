/** What a call states about its caller, whatever it asks for: the key, and purpose and authorisation where the contract wants them. */
import { Form, Input } from 'antd';
import { useWords } from '../i18n/index.ts';

export const CallerItems = ({
  purposes,
  authorisationRequired,
}: {
  purposes: string[] | null;
  authorisationRequired: boolean;
}) => {
  const { t } = useWords();
  return (
    <>
      <Form.Item
        name="secret"
        label={t('console.secret')}
        rules={[{ required: true, message: t('form.required', { field: t('console.secret') }) }]}
      >
        <Input.Password autoComplete="off" />
      </Form.Item>
      {purposes?.length ? (
        <Form.Item name="purpose" label={t('scenario.purposes')}>
          <Input />
        </Form.Item>
      ) : null}
      {authorisationRequired ? (
        <Form.Item name="authorisation" label={t('console.authorisation')}>
          <Input />
        </Form.Item>
      ) : null}
    </>
  );
};
