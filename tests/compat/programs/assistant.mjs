// A server of tools for an assistant: it fetches what it is asked for, one thing after the other, and hands it on as it came.

const url = process.env.HARAVAN_URL;
const headers = { authorization: `Bearer ${process.env.HARAVAN_TOKEN}`, "content-type": "application/json" };

async function tool(path, query = {}) {
  const address = new URL(url + path);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, `${value}`);
  const answer = await fetch(address, { headers });
  const text = await answer.text();
  console.log(JSON.stringify([path, answer.status, answer.headers.get("content-type"), text]));
  return answer.ok ? JSON.parse(text) : undefined;
}

await tool("/com/shop.json");
await tool("/com/orders.json", { status: "any", limit: 20 });
await tool("/com/customers.json", { query: "email:lan@example.com" });
await tool("/com/collects.json");
await tool("/com/custom_collections.json");
await tool("/com/smart_collections.json");
await tool("/com/products/count.json");
const { products } = await tool("/com/products.json", { limit: 5, fields: "id,title,variants" });
for (const product of products) {
  await tool(`/com/products/${product.id}.json`);
  for (const variant of product.variants.slice(0, 2)) {
    await tool(`/com/variants/${variant.id}.json`);
    // Not documented, and not there for every shop: what counts is that the answer is the same.
    await tool("/com/inventories/locations.json", { variant_id: variant.id });
  }
}
const { locations } = await tool("/com/locations.json", { page: 1, limit: 3 });
for (const location of locations) await tool(`/com/locations/${location.id}.json`);
await tool("/com/inventories/adjustments/count.json", { created_at_min: "2024-01-01T00:00:00+07:00" });
await tool("/com/products/1.json");
