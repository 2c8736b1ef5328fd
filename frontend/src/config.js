/**
 * The one thing a deployment configures: the API's origin, and the name on the page. Knows that `config.json`
 * lies beside the script; must not know what is done with it.
 */

/**
 * @typedef {{ api: string, name: string }} Config
 */

/**
 * @param {URL} address
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Config>}
 */
export async function readConfig(address, fetch) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`config.json answered ${response.status}`);
  const { api, name } = await response.json();
  return { api: String(api).replace(/\/+$/, ""), name: String(name || "Twocan") };
}
