/** Refusals in the words and statuses of CKAN, which its clients turn into their own exceptions. */
const statuses = {
  'Search Query Error': 400,
  'Validation Error': 409,
  'Not Found Error': 404,
  'Authorization Error': 403,
} as const;
export type FaultType = keyof typeof statuses;

export class CkanFault extends Error {
  readonly type: FaultType;
  readonly fields: Record<string, string[]>;

  constructor(type: FaultType, message: string, fields: Record<string, string[]> = {}) {
    super(message);
    this.type = type;
    this.fields = fields;
  }

  static ofField(field: string, message: string): CkanFault {
    return new CkanFault('Validation Error', message, { [field]: [message] });
  }

  get status(): number {
    return statuses[this.type];
  }

  get body(): object {
    // A fault of fields names them in place of a message.
    return { ...(Object.keys(this.fields).length ? this.fields : { message: this.message }), __type: this.type };
  }
}
