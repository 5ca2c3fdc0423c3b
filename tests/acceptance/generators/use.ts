import type { components, operations, paths, webhooks } from "./otp";

type Schemas = components["schemas"];
type Answer<Id extends keyof operations, Status extends number> = operations[Id] extends {
  responses: { [key in Status]: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

const wanted: Schemas["SendBody"] = { to: "+447400123456" };
const everything: Schemas["SendBody"] = { ...wanted, channel: "sms", tags: { campaign: "spring" }, new: true };
const settings: Schemas["SettingsBody"] = { code_length: 8, limit: null };
const sent = {} as Answer<"sendVerification", 202>;
const id: string = sent.id;
const left: number | undefined = sent.limits[0]?.left;
const tag: string | undefined = sent.tags["campaign"];
const result = {} as Answer<"checkVerification", 200>;
const valid: boolean = result.valid;
const state: Schemas["VerificationStatus"] = result.status;
const byPath: paths["/v1/verifications"]["post"] = {} as operations["sendVerification"];
const event = {} as NonNullable<webhooks["reply.received"]["post"]["requestBody"]>["content"]["application/json"];
const kind: string = event.type;

// @ts-expect-error a number is what a send cannot do without
const nothing: Schemas["SendBody"] = {};
// @ts-expect-error a code is text
const code: Schemas["CheckBody"] = { code: 123456 };

export { byPath, code, everything, id, kind, left, nothing, settings, state, tag, valid };
