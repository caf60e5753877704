// Whether what was typed has the right shape. The API says whether it is allowed.

export const split = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export function wrongName(name: string): string {
  if (/^https?:/i.test(name)) return `${name}: only the name, without https://`;
  if (name.includes("/")) return `${name}: only the name, without a path`;
  if (name.length > 253) return "it is longer than 253 characters";
  const labels = name.replace(/^\*\./, "").replace(/\.$/, "").split(".");
  if (labels.length < 2) return `${name}: a whole name such as shop.example.com`;
  const bad = labels.find((label) => !label || label.length > 63 || /^-|-$|[\s_*!"#$%&'()+,:;<=>?@[\\\]^`{|}~]/.test(label));
  if (bad !== undefined) return `${name}: ${bad === "" ? "two dots follow each other" : `“${bad}” cannot stand in a name`}`;
  return /^\d+(\.\d+)+$/.test(name) ? `${name} is an address, not a name` : "";
}

export function wrongUrl(text: string): string {
  if (!text) return "";
  if (!/^https?:\/\//i.test(text)) return "it must begin with http:// or https://";
  try {
    const url = new URL(text.replaceAll("{name}", "name"));
    if (url.username || url.password) return "it takes no user and password";
    return url.hostname ? "" : "it needs a host";
  } catch {
    return "this is not an address such as http://10.0.0.5:3000";
  }
}

export function wrongAddress(text: string): string {
  return isAddress(text) ? "" : `${text} is not an IP address`;
}

export function wrongBlock(text: string): string {
  const [address = "", bits, extra] = text.split("/");
  const wide = bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (address.includes(":") ? 128 : 32));
  return isAddress(address) && wide && extra === undefined ? "" : `${text} is not an address or a block such as 192.0.2.0/24`;
}

function isAddress(text: string): boolean {
  if (text.includes(":")) return /^[0-9a-f:.]+$/i.test(text);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((each) => Number(each) < 256);
}

// The first complaint about any of them.
export const wrongAny = (list: string[], wrong: (each: string) => string): string => list.map(wrong).find(Boolean) ?? "";
