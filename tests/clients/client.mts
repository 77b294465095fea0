// What a service in TypeScript does with the generated types: asks a demo, and believes what the compiler says.
//
// `tonkho.d.ts` is generated from openapi/tonkho.json by openapi-typescript; there is nothing else between these
// lines and `fetch`.

import type { components, paths } from "./tonkho.js";

declare const process: { env: Record<string, string | undefined> };

type Schemas = components["schemas"];
type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : never;
type Operation<P extends keyof paths, M extends "get" | "post"> = NonNullable<paths[P][M]>;
type Parameters<O> = O extends { parameters: infer Given } ? Given : never;
type Path<O> = Parameters<O> extends { path: infer Pieces extends object } ? Pieces : Record<string, never>;
type Query<O> = Parameters<O> extends { query: infer Given extends object } ? Given : Record<string, never>;
type Body<O> = O extends { requestBody: { content: { "application/json": infer Sent } } } ? Sent : never;
type Ok<O> = O extends { responses: { 200: infer Answer } } ? Json<Answer> : never;
type Answer<O> = { body: Ok<O>; problem?: never } | { body?: never; problem: Schemas["Problem"] };

const url = process.env["TONKHO_URL"];
const headers = { authorization: `Bearer ${process.env["TONKHO_KEY"]}` };

function address(path: string, pieces: object, query: object = {}): URL {
  const filled = Object.entries(pieces).reduce((text, [name, value]) => text.replace(`{${name}}`, `${value}`), path);
  const address = new URL(filled, url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, `${value}`);
  }
  return address;
}

async function read<O>(response: Response): Promise<Answer<O>> {
  if (response.ok) return { body: (await response.json()) as Ok<O> };
  return { problem: (await response.json()) as Schemas["Problem"] };
}

async function get<P extends keyof paths>(
  path: P,
  pieces: Path<Operation<P, "get">>,
  query: Query<Operation<P, "get">>,
): Promise<Answer<Operation<P, "get">>> {
  return read(await fetch(address(path, pieces, query), { headers }));
}

async function post<P extends keyof paths>(
  path: P,
  pieces: Path<Operation<P, "post">>,
  body: Body<Operation<P, "post">>,
): Promise<Answer<Operation<P, "post">>> {
  const json = { ...headers, "content-type": "application/json" };
  return read(await fetch(address(path, pieces), { method: "POST", headers: json, body: JSON.stringify(body) }));
}

function check(told: string, got: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${told}: ${left}, not ${right}`);
}

/** The answer, which is no problem and no explanation. */
function answered<Body extends object, Member extends string>(
  { body, problem }: { body?: Body; problem?: Schemas["Problem"] },
  member: Member,
): Extract<Body, Record<Member, unknown>> {
  if (body === undefined) throw new Error(`a problem: ${problem?.detail}`);
  if (!(member in body)) throw new Error(`no ${member} in ${JSON.stringify(body)}`);
  return body as Extract<Body, Record<Member, unknown>>;
}

const variant_ids = "1061514767,1064240649";
const location_ids = "963414,1007284";

async function rowsOfTheDocument(): Promise<void> {
  const answer = await get(
    "/shops/{org_id}/com/inventory_locations.json",
    { org_id: 1000 },
    { variant_ids, location_ids, order: "id" },
  );
  const rows = answered(answer, "inventory_locations").inventory_locations;
  check("ids", rows.map((row) => row.id), [1003098484, 1003226632, 1006907070, 1007549786]);
  const worst = rows.find((row) => row.qty_available < -10);
  check("the worst", [worst?.qty_onhand, worst?.qty_commited, worst?.qty_available], [-3, 12, -15]);
  check("its time", worst?.updated_at, "2021-07-08T01:47:17.6Z");
}

async function sumsOfTheDocument(): Promise<void> {
  const answer = await post(
    "/shops/{org_id}/stock",
    { org_id: 1000 },
    { variant_ids: [1061514767, "1064240649"], location_ids: [963414, 1007284], group_by: "variant" },
  );
  const { totals, complete, stock } = answered(answer, "totals");
  check("totals", [totals.qty_onhand, totals.qty_available, totals.sellable], [12, -7, 15]);
  check("complete", [complete, stock.length], [true, 2]);
}

async function aProblemIsTyped(): Promise<void> {
  const rows = "/shops/{org_id}/com/inventory_locations.json";
  const { problem } = await get(rows, { org_id: 1000 }, { variant_ids: "abc" });
  check("type", [problem?.status, problem?.type], [400, "urn:tonkho:problem:invalid-parameter"]);
  check("detail", problem?.detail, 'variant_ids: "abc" is not a positive integer');
  check("errors", problem?.errors, problem?.detail);
}

async function aNegativeAlertAddsUp(): Promise<void> {
  const forwarded = await get("/shops/{org_id}/com/{path}", { org_id: 2000, path: "products.json" }, {});
  const products = answered(forwarded, "products")["products"] as { variants: { id: number }[] }[];
  const variants = products.flatMap((product) => product.variants.map((variant) => variant.id));
  const question = { variant_ids: variants, min_shortage: "0.5" };
  const answer = await post("/shops/{org_id}/alerts/negative", { org_id: 2000 }, question);
  const { alerts, count } = answered(answer, "alerts");
  check("count", 0 < alerts.length && alerts.length === count, true);
  for (const alert of alerts) {
    const sent = alert.transfer_from.reduce((sum, transfer) => sum + transfer.quantity, 0);
    check("shortage", [alert.qty_available < 0, alert.shortage], [true, -alert.qty_available]);
    check("coverable", [sent, alert.shortage - alert.coverable], [alert.coverable, alert.uncovered]);
  }
}

/** What the compiler must refuse; it fails if it does not. Called by nobody. */
export async function misuse(): Promise<void> {
  // @ts-expect-error there is no such path
  await get("/shops/{org_id}/stocks", { org_id: 1000 }, { variant_ids });
  // @ts-expect-error the shop is left out
  await get("/shops/{org_id}/stock", {}, { variant_ids });
  // @ts-expect-error the variants are left out
  await get("/shops/{org_id}/stock", { org_id: 1000 }, { location_ids });
  // @ts-expect-error nothing is grouped by colour
  await post("/shops/{org_id}/stock", { org_id: 1000 }, { variant_ids: [1], group_by: "colour" });
  const { totals } = answered(await get("/shops/{org_id}/stock", { org_id: 1000 }, { variant_ids }), "totals");
  // @ts-expect-error what is not known is null, never zero
  check("sum", totals.qty_onhand + 1, 13);
}

await rowsOfTheDocument();
await sumsOfTheDocument();
await aProblemIsTyped();
await aNegativeAlertAddsUp();
