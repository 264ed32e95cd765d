/** Writes: a button that asks for what the endpoint needs, says why when it cannot act, and shows the refusal where it happened. */
import type { AnyEndpoint } from '@shugu/wire/endpoint';
import { App, Button, Form, Modal, Tooltip } from 'antd';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { type Input, type Reply, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { FieldItems, type FormField, filled } from './fields.tsx';
import { faultsOf, ProblemNote } from './problem.tsx';

export type Values = Record<string, never>;

export interface ActionProps<E extends AnyEndpoint> {
  endpoint: E;
  label: string;
  /** The call, from what was filled in. */
  input: (values: Values) => Input<E>;
  fields?: FormField[];
  initial?: Record<string, unknown>;
  /** Shown above the form, or as the question of a dangerous step. */
  explain?: ReactNode;
  danger?: boolean;
  primary?: boolean;
  small?: boolean;
  /** Why it cannot be done now; shown instead of hiding the button. */
  blocked?: string | false | null;
  /** Part of the body the form stands for, for mapping faults to fields. */
  prefix?: string;
  done?: string;
  after?: (reply: Reply<E>) => void;
  width?: number;
}

export function Action<E extends AnyEndpoint>(props: ActionProps<E>) {
  const { t } = useWords();
  const me = useMe();
  const { notification } = App.useApp();
  const [open, setOpen] = useState(false);
  const [form] = Form.useForm();
  const asks = !!props.fields?.length || !!props.explain || props.danger;
  const write = useWrite(props.endpoint, (reply) => {
    setOpen(false);
    notification.success({ title: props.done ?? t('app.done', { action: props.label }), duration: 4 });
    props.after?.(reply);
  });
  const lacking =
    me !== undefined && !may(me, props.endpoint.permission)
      ? me
        ? t('app.noPermission')
        : t('app.signInFirst')
      : null;
  const blocked = props.blocked || lacking;
  const send = (values: Values) =>
    write.mutate(props.input(filled(values) as Values), {
      onError: (error) => form.setFields(faultsOf(error, props.prefix ?? 'body') as never),
    });
  const start = () => {
    write.reset();
    if (asks) setOpen(true);
    else
      write.mutate(props.input({} as Values), {
        onError: (error) =>
          notification.error({ title: props.label, description: <ProblemNote error={error} />, duration: 12 }),
      });
  };
  const button = (
    <Button
      type={props.primary ? 'primary' : 'default'}
      danger={props.danger}
      size={props.small ? 'small' : undefined}
      loading={write.isPending && !open}
      aria-disabled={blocked ? true : undefined}
      className={blocked ? 'blocked' : undefined}
      onClick={blocked ? undefined : start}
      style={blocked ? { opacity: 0.62, cursor: 'not-allowed' } : undefined}
    >
      {props.label}
    </Button>
  );
  return (
    <>
      {blocked ? <Tooltip title={blocked}>{button}</Tooltip> : button}
      <Modal
        open={open}
        title={props.label}
        width={props.width ?? 640}
        onCancel={() => setOpen(false)}
        onOk={() => form.submit()}
        okText={props.danger ? t('do.confirm') : props.label}
        cancelText={t('do.cancel')}
        okButtonProps={{ danger: props.danger, loading: write.isPending }}
        destroyOnHidden
      >
        {props.explain ? <div style={{ marginBottom: 16 }}>{props.explain}</div> : null}
        {props.danger && !props.explain ? <p>{t('app.dangerous')}</p> : null}
        <Form
          form={form}
          layout="vertical"
          initialValues={props.initial}
          onFinish={send}
          preserve={false}
          scrollToFirstError
        >
          <FieldItems fields={props.fields ?? []} />
        </Form>
        {write.error ? <ProblemNote error={write.error} /> : null}
      </Modal>
    </>
  );
}

interface SendFormProps<E extends AnyEndpoint> extends Omit<ActionProps<E>, 'small' | 'danger' | 'width'> {
  children?: ReactNode;
  /** Enter in a field sends nothing: where there is more to read before one sends. */
  byButton?: boolean;
}
const keepEnter = (event: KeyboardEvent) => {
  if (event.key === 'Enter' && event.target instanceof HTMLInputElement && event.target.type !== 'file')
    event.preventDefault();
};

/** The same on a page of its own, for longer forms. */
export function SendForm<E extends AnyEndpoint>(props: SendFormProps<E>) {
  const { t } = useWords();
  const me = useMe();
  const { notification } = App.useApp();
  const [form] = Form.useForm();
  const write = useWrite(props.endpoint, (reply) => {
    notification.success({ title: props.done ?? t('app.done', { action: props.label }), duration: 4 });
    props.after?.(reply);
  });
  const lacking =
    me !== undefined && !may(me, props.endpoint.permission)
      ? me
        ? t('app.noPermission')
        : t('app.signInFirst')
      : null;
  const blocked = props.blocked || lacking;
  return (
    <Form
      form={form}
      layout="vertical"
      style={{ maxWidth: 760 }}
      initialValues={props.initial}
      scrollToFirstError
      onKeyDown={props.byButton ? keepEnter : undefined}
      onFinish={(values) =>
        write.mutate(props.input(filled(values) as Values), {
          onError: (error) => form.setFields(faultsOf(error, props.prefix ?? 'body') as never),
        })
      }
    >
      {props.explain}
      <FieldItems fields={props.fields ?? []} />
      {props.children}
      {write.error ? (
        <div style={{ marginBottom: 16 }}>
          <ProblemNote error={write.error} />
        </div>
      ) : null}
      {blocked ? <p className="soon">{blocked}</p> : null}
      <Button type="primary" htmlType="submit" size="large" loading={write.isPending} disabled={!!blocked}>
        {props.label}
      </Button>
    </Form>
  );
}
