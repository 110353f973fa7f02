// Generated from command-line.ts by `npm run gen`.
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function __require() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// node_modules/fastest-levenshtein/mod.js
var require_mod = __commonJS({
  "node_modules/fastest-levenshtein/mod.js"(exports) {
    "use strict";
    exports.__esModule = true;
    exports.distance = exports.closest = void 0;
    var peq = new Uint32Array(65536);
    var myers_32 = function(a, b) {
      var n = a.length;
      var m = b.length;
      var lst = 1 << n - 1;
      var pv = -1;
      var mv = 0;
      var sc = n;
      var i = n;
      while (i--) {
        peq[a.charCodeAt(i)] |= 1 << i;
      }
      for (i = 0; i < m; i++) {
        var eq = peq[b.charCodeAt(i)];
        var xv = eq | mv;
        eq |= (eq & pv) + pv ^ pv;
        mv |= ~(eq | pv);
        pv &= eq;
        if (mv & lst) {
          sc++;
        }
        if (pv & lst) {
          sc--;
        }
        mv = mv << 1 | 1;
        pv = pv << 1 | ~(xv | mv);
        mv &= xv;
      }
      i = n;
      while (i--) {
        peq[a.charCodeAt(i)] = 0;
      }
      return sc;
    };
    var myers_x = function(b, a) {
      var n = a.length;
      var m = b.length;
      var mhc = [];
      var phc = [];
      var hsize = Math.ceil(n / 32);
      var vsize = Math.ceil(m / 32);
      for (var i = 0; i < hsize; i++) {
        phc[i] = -1;
        mhc[i] = 0;
      }
      var j = 0;
      for (; j < vsize - 1; j++) {
        var mv_1 = 0;
        var pv_1 = -1;
        var start_1 = j * 32;
        var vlen_1 = Math.min(32, m) + start_1;
        for (var k = start_1; k < vlen_1; k++) {
          peq[b.charCodeAt(k)] |= 1 << k;
        }
        for (var i = 0; i < n; i++) {
          var eq = peq[a.charCodeAt(i)];
          var pb = phc[i / 32 | 0] >>> i & 1;
          var mb = mhc[i / 32 | 0] >>> i & 1;
          var xv = eq | mv_1;
          var xh = ((eq | mb) & pv_1) + pv_1 ^ pv_1 | eq | mb;
          var ph = mv_1 | ~(xh | pv_1);
          var mh = pv_1 & xh;
          if (ph >>> 31 ^ pb) {
            phc[i / 32 | 0] ^= 1 << i;
          }
          if (mh >>> 31 ^ mb) {
            mhc[i / 32 | 0] ^= 1 << i;
          }
          ph = ph << 1 | pb;
          mh = mh << 1 | mb;
          pv_1 = mh | ~(xv | ph);
          mv_1 = ph & xv;
        }
        for (var k = start_1; k < vlen_1; k++) {
          peq[b.charCodeAt(k)] = 0;
        }
      }
      var mv = 0;
      var pv = -1;
      var start = j * 32;
      var vlen = Math.min(32, m - start) + start;
      for (var k = start; k < vlen; k++) {
        peq[b.charCodeAt(k)] |= 1 << k;
      }
      var score = m;
      for (var i = 0; i < n; i++) {
        var eq = peq[a.charCodeAt(i)];
        var pb = phc[i / 32 | 0] >>> i & 1;
        var mb = mhc[i / 32 | 0] >>> i & 1;
        var xv = eq | mv;
        var xh = ((eq | mb) & pv) + pv ^ pv | eq | mb;
        var ph = mv | ~(xh | pv);
        var mh = pv & xh;
        score += ph >>> m - 1 & 1;
        score -= mh >>> m - 1 & 1;
        if (ph >>> 31 ^ pb) {
          phc[i / 32 | 0] ^= 1 << i;
        }
        if (mh >>> 31 ^ mb) {
          mhc[i / 32 | 0] ^= 1 << i;
        }
        ph = ph << 1 | pb;
        mh = mh << 1 | mb;
        pv = mh | ~(xv | ph);
        mv = ph & xv;
      }
      for (var k = start; k < vlen; k++) {
        peq[b.charCodeAt(k)] = 0;
      }
      return score;
    };
    var distance2 = function(a, b) {
      if (a.length < b.length) {
        var tmp = b;
        b = a;
        a = tmp;
      }
      if (b.length === 0) {
        return a.length;
      }
      if (a.length <= 32) {
        return myers_32(a, b);
      }
      return myers_x(a, b);
    };
    exports.distance = distance2;
    var closest2 = function(str, arr) {
      var min_distance = Infinity;
      var min_index = 0;
      for (var i = 0; i < arr.length; i++) {
        var dist = distance2(str, arr[i]);
        if (dist < min_distance) {
          min_distance = dist;
          min_index = i;
        }
      }
      return arr[min_index];
    };
    exports.closest = closest2;
  }
});

// packages/server/src/config.ts
var import_fastest_levenshtein = __toESM(require_mod(), 1);
import { homedir } from "node:os";
import { join, resolve } from "node:path";

// packages/server/src/setting-readers.ts
import { isIP } from "node:net";
var SettingsError = class extends Error {
  name = "SettingsError";
};
function readAddress(given) {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === void 0 || port > 65535) {
    throw new SettingsError("must be host:port, for example 127.0.0.1:8080 or [::1]:8080");
  }
  return Object.freeze({ host, port });
}
var readAddressOrOff = (given) => given.toLowerCase() === "off" ? void 0 : readAddress(given);
var isAddress = (text) => isIP(text) !== 0 && !text.includes("%");
var isNetwork = (text) => {
  const [address = "", bits = "", ...rest] = text.split("/");
  if (!isAddress(address) || !/^[1-9]\d{0,2}$/.test(bits) || rest.length > 0) return false;
  return Number(bits) <= (isIP(address) === 4 ? 32 : 128);
};
function readNetworks(given) {
  if (given === "") return Object.freeze([]);
  const parts = given.split(",").map((part) => part.trim());
  if (!parts.every((part) => isAddress(part) || isNetwork(part)))
    throw new SettingsError("must be addresses or networks, separated by commas, for example 127.0.0.1,10.0.0.0/8");
  return Object.freeze(parts);
}
function readOrigins(given) {
  if (given === "") return Object.freeze([]);
  const parts = given.split(",").map((part) => part.trim());
  const isOrigin = (text) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
  const wrong = parts.find((part) => !isOrigin(part));
  if (wrong !== void 0)
    throw new SettingsError(
      `must be origins, separated by commas, for example https://console.example.com,http://localhost:5173; '${wrong.slice(0, 100)}' is not the scheme, host and port of a page`
    );
  return Object.freeze(parts);
}
function readHosts(given) {
  if (given === "") return Object.freeze([]);
  const parts = given.split(",").map((part) => part.trim());
  const wrong = parts.find((part) => !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(part));
  if (wrong !== void 0)
    throw new SettingsError(
      `must be host names, separated by commas, for example cloud.example.com,cloud.lan; '${wrong.slice(0, 100)}' is not a host name`
    );
  return Object.freeze(parts);
}
var CHECKED_SSL_MODES = ["prefer", "require", "verify-ca", "verify-full"];
var SSL_MODES = ["disable", "no-verify", ...CHECKED_SSL_MODES];
function readDatabaseUrl(given) {
  const allowed = "must be postgres://user:password@host:port/database, with ?sslmode=\u2026 where wanted";
  if (!/^postgres(ql)?:\/\//.test(given)) throw new SettingsError(allowed);
  const whole = given.replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=\/)/, "$1localhost");
  const url = URL.canParse(whole) ? new URL(whole) : void 0;
  if (!url || url.pathname.length < 2) throw new SettingsError(allowed);
  const mode = url.searchParams.get("sslmode");
  if (mode === null) return whole;
  if (!SSL_MODES.includes(mode)) throw new SettingsError(`sslmode must be one of ${SSL_MODES.join(", ")}`);
  if (!CHECKED_SSL_MODES.includes(mode) || url.searchParams.has("uselibpqcompat")) return whole;
  return whole.replace(/([?&]sslmode=)[^&#]*/, "$1verify-full");
}
function readSmtpUrl(given) {
  const url = URL.canParse(given) ? new URL(given) : void 0;
  const isWhole = url !== void 0 && url.hostname !== "" && url.username === "" === (url.password === "");
  if (!isWhole || !["smtp:", "smtps:"].includes(url.protocol) || !["", "/"].includes(url.pathname) || url.search !== "")
    throw new SettingsError("must be smtp://user:password@host:port or smtps://user:password@host:port");
  return given;
}
function readMailFrom(given) {
  if (!/^(?:[^<>@\p{Cc}"]+ <[^\s<>@\p{Cc}"]+@[^\s<>@\p{Cc}"]+>|[^\s<>@\p{Cc}"]+@[^\s<>@\p{Cc}"]+)$/u.test(given))
    throw new SettingsError("must be an address such as cloud@example.com or The Cloud <cloud@example.com>");
  return given;
}
function readPublicUrl(given) {
  const url = URL.canParse(given) ? new URL(given) : void 0;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.search !== "" || url.hash !== "")
    throw new SettingsError("must be an http or https URL such as https://cloud.example.com");
  return url.href.replace(/\/+$/, "");
}
function hidePassword(url) {
  return url.replace(/^(\w+:\/\/)?.*@/s, "$1***@").replace(/\bpassword=[^&\s]*/gi, "password=***");
}

// packages/server/src/setting-schema.ts
var Type = {
  Enum: (words, facts) => ({ ...facts, enum: words }),
  String: (facts) => ({ ...facts, type: "string" }),
  Integer: (facts) => ({ ...facts, type: "integer" }),
  Number: (facts) => ({ ...facts, type: "number" }),
  Boolean: (facts) => ({ ...facts, type: "boolean" }),
  /** Undefined where it is not given and has no default. */
  Optional: (setting) => setting,
  Decode: (setting, read) => ({
    ...setting,
    read
  }),
  Refine: (setting, isAllowed, why) => ({ ...setting, refuse: (value) => isAllowed(value) ? void 0 : why(value) })
};
function fits(setting, value) {
  if (setting.enum) return typeof value === "string" && setting.enum.includes(value);
  if (setting.type === "integer" || setting.type === "number") {
    const { minimum = -Infinity, maximum = Infinity } = setting;
    return typeof value === "number" && value >= minimum && value <= maximum && (setting.type === "number" || Number.isInteger(value));
  }
  if (setting.type === "boolean") return typeof value === "boolean";
  return typeof value === "string" && new RegExp(setting.pattern ?? "").test(value);
}

// packages/server/src/settings-table.ts
var LONGEST_DATA_DIR = 76;
var SETTINGS = {
  role: Type.Enum(["all", "api", "worker"], {
    name: "CLOUD_ROLE",
    default: "all",
    description: "all: run everything on this machine. api or worker: run only that process, in the foreground, with DATABASE_URL"
  }),
  dataDir: Type.Refine(
    Type.String({
      name: "CLOUD_DATA_DIR",
      pattern: "^/",
      expected: "an absolute path",
      description: "folder for all data of the platform"
    }),
    (path) => Buffer.byteLength(path) <= LONGEST_DATA_DIR,
    (path) => `must have at most ${LONGEST_DATA_DIR} bytes (this has ${Buffer.byteLength(path)}), because sockets are created below it`
  ),
  listen: Type.Decode(
    Type.String({
      name: "CLOUD_LISTEN",
      default: "127.0.0.1:8080",
      description: "address of the REST API and its documentation"
    }),
    readAddress
  ),
  awsListen: Type.Decode(
    Type.String({
      name: "CLOUD_AWS_LISTEN",
      default: "127.0.0.1:4566",
      description: "address of the AWS API, or off"
    }),
    readAddressOrOff
  ),
  externalDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: "DATABASE_URL",
        description: "your own PostgreSQL 15 or later; empty: the platform runs its own cluster in the data folder. Role all logs in as the owner, api as cloud_api, worker as cloud_worker. With ?sslmode=require or verify-full the server needs a trusted certificate (sslrootcert=FILE adds a CA)"
      }),
      readDatabaseUrl
    )
  ),
  operatorDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: "CLOUD_OPERATOR_DATABASE_URL",
        description: "for role api: the login as cloud_operator; empty: DATABASE_URL with that user and DATABASE_URL's password"
      }),
      readDatabaseUrl
    )
  ),
  dataDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: "CLOUD_DATA_DATABASE_URL",
        description: "for role api: the login as cloud_data; empty: DATABASE_URL with that user and DATABASE_URL's password"
      }),
      readDatabaseUrl
    )
  ),
  pgPort: Type.Optional(
    Type.Integer({
      name: "CLOUD_PG_PORT",
      minimum: 1,
      maximum: 65535,
      description: "loopback port of the platform's own cluster; empty: 5433 or the next free port"
    })
  ),
  dbPoolMax: Type.Integer({
    name: "CLOUD_DB_POOL_MAX",
    minimum: 1,
    maximum: 1e3,
    default: 25,
    description: "maximum number of PostgreSQL connections per process"
  }),
  dbPoolMin: Type.Integer({
    name: "CLOUD_DB_POOL_MIN",
    minimum: 0,
    maximum: 1e3,
    default: 5,
    description: "number of connections to keep open when idle"
  }),
  logLevel: Type.Enum(["fatal", "error", "warn", "info", "debug", "trace"], {
    name: "CLOUD_LOG_LEVEL",
    default: "info",
    description: "lowest level to write to the logs"
  }),
  region: Type.String({
    name: "CLOUD_REGION",
    pattern: "^[a-z]{2,}(-[a-z]+)+-\\d{1,2}$",
    expected: "a region name like us-east-1",
    default: "us-east-1",
    description: "name of the region. Choose it once: resource names contain it"
  }),
  auditMinDays: Type.Integer({
    name: "CLOUD_AUDIT_MIN_DAYS",
    minimum: 1,
    maximum: 36500,
    default: 30,
    description: "fewest days for which a tenant may keep its audit trail"
  }),
  auditMaxDays: Type.Integer({
    name: "CLOUD_AUDIT_MAX_DAYS",
    minimum: 1,
    maximum: 36500,
    default: 3650,
    description: "most days for which a tenant may keep its audit trail"
  }),
  eventsPerTenant: Type.Integer({
    name: "CLOUD_EVENTS_PER_TENANT",
    minimum: 1e4,
    maximum: 1e9,
    default: 1e6,
    description: "events to keep of one tenant, the newest, and none longer than 30 days; a million take some 600 MB of the database"
  }),
  registration: Type.Enum(["open", "closed"], {
    name: "CLOUD_REGISTRATION",
    default: "open",
    description: "closed: only the first user can register"
  }),
  publicUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: "CLOUD_PUBLIC_URL",
        description: "URL at which people reach the API, for mails; empty: http:// and CLOUD_LISTEN"
      }),
      readPublicUrl
    )
  ),
  hosts: Type.Decode(
    Type.String({
      name: "CLOUD_HOSTS",
      default: "",
      description: "comma-separated names by which people reach the API, beside its addresses, localhost, this machine's host name and the host of CLOUD_PUBLIC_URL. Requests to other names are refused, for example cloud.example.com"
    }),
    readHosts
  ),
  smtpUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: "CLOUD_SMTP_URL",
        description: "mail server: smtp://user:password@host:587 with STARTTLS, or smtps://\u2026:465. Without STARTTLS only on loopback. Empty: mails wait until they expire. Keep it secret"
      }),
      readSmtpUrl
    )
  ),
  mailFrom: Type.Optional(
    Type.Decode(
      Type.String({
        name: "CLOUD_MAIL_FROM",
        description: "sender of mails: an address, or Name <address>"
      }),
      readMailFrom
    )
  ),
  egress: Type.Enum(["host", "none"], {
    name: "CLOUD_EGRESS",
    default: "host",
    description: "host: instances reach the outside through this machine by NAT. none: instances reach only their VPC"
  }),
  callNetworks: Type.Decode(
    Type.String({
      name: "CLOUD_CALL_NETWORKS",
      default: "",
      description: "comma-separated addresses or networks that are not public, which calls of tenants may reach, such as those of cron jobs: 192.168.1.0/24 for services at home; empty: none"
    }),
    readNetworks
  ),
  storageSizeGb: Type.Optional(
    Type.Integer({
      name: "CLOUD_STORAGE_SIZE_GB",
      minimum: 2,
      maximum: 1e6,
      description: "size in GiB of the pool for instances and volumes; empty: chosen from the free disk space"
    })
  ),
  overcommitCpu: Type.Number({
    name: "CLOUD_OVERCOMMIT_CPU",
    minimum: 0.1,
    maximum: 100,
    default: 4,
    description: "virtual CPUs to allocate per physical CPU"
  }),
  overcommitMemory: Type.Number({
    name: "CLOUD_OVERCOMMIT_MEMORY",
    minimum: 0.1,
    maximum: 10,
    default: 1,
    description: "memory to allocate per byte of physical memory"
  }),
  overcommitDisk: Type.Number({
    name: "CLOUD_OVERCOMMIT_DISK",
    minimum: 0.1,
    maximum: 100,
    default: 1,
    description: "disk space to allocate per byte of free disk; above 1, instances that fill their disks can fill the pool for everybody"
  }),
  writesPerDay: Type.Integer({
    name: "CLOUD_WRITES_PER_DAY",
    minimum: 1e3,
    maximum: 1e9,
    default: 25e4,
    description: "changes that a tenant may make a day, and a tenth of them at once; each adds about 2 KiB to the audit trail and the events. Of each process of the API. The default is three a second around the clock"
  }),
  rateLimit: Type.Integer({
    name: "CLOUD_RATE_LIMIT",
    minimum: 1,
    maximum: 1e6,
    default: 1e3,
    description: "requests per second and API key, with bursts of three times as many; all keys of a tenant together may make twice as many. Each API process counts for itself"
  }),
  authRateLimit: Type.Integer({
    name: "CLOUD_AUTH_RATE_LIMIT",
    minimum: 1,
    maximum: 1e6,
    default: 10,
    description: "registrations and logins per minute and address"
  }),
  trustedProxies: Type.Decode(
    Type.String({
      name: "CLOUD_TRUSTED_PROXIES",
      default: "",
      description: "comma-separated addresses or networks of proxies in front of the API. Limits and audit then take the caller's address from their X-Forwarded-For"
    }),
    readNetworks
  ),
  corsOrigins: Type.Decode(
    Type.String({
      name: "CLOUD_CORS_ORIGINS",
      default: "",
      description: "comma-separated origins whose web pages may call the REST API from a browser, for example https://console.example.com; empty: none"
    }),
    readOrigins
  ),
  slowPassesMs: Type.Integer({
    name: "CLOUD_SLOW_PASSES_MS",
    minimum: 0,
    maximum: 1e4,
    default: 0,
    description: "for tests: maximum delay of each reconcile step, in milliseconds"
  }),
  testMode: Type.Boolean({
    name: "CLOUD_TEST_MODE",
    default: false,
    description: "on: enable guards that turn mistakes in the platform into errors"
  })
};
var ROWS = Object.entries(SETTINGS);

// packages/server/src/config.ts
function loadSettings(env, isRoot = process.getuid?.() === 0) {
  const wrong = [];
  const read = {};
  for (const [key, setting] of ROWS) {
    const given = env[setting.name]?.trim() ?? "";
    const value = given === "" ? defaultOf(setting, isRoot) : convert(setting, given);
    try {
      read[key] = value === void 0 ? void 0 : check(setting, value);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      wrong.push(`${setting.name}=${shown(setting.name, given || String(value))}: ${error.message}`);
    }
  }
  const values = read;
  if (wrong.length === 0) wrong.push(...contradictions(values));
  if (wrong.length > 0) throw new SettingsError(wrong.join("\n"));
  const dataDir = resolve(values.dataDir);
  return Object.freeze({ ...values, dataDir, paths: pathsBelow(dataDir) });
}
function defaultOf(setting, isRoot) {
  if (setting.name !== "CLOUD_DATA_DIR") return setting.default;
  return isRoot ? "/var/lib/thecloud" : join(homedir(), ".local/share/thecloud");
}
function convert({ type }, given) {
  if (type === "boolean") {
    if (/^(on|1|true|yes)$/i.test(given)) return true;
    return /^(off|0|false|no)$/i.test(given) ? false : given;
  }
  const isNumber = type === "integer" || type === "number";
  return isNumber && /^\d+(\.\d+)?$/.test(given) ? Number(given) : given;
}
function check(setting, value) {
  if (!fits(setting, value)) throw new SettingsError(`must be ${expected(setting)}`);
  const refused = typeof value === "string" ? setting.refuse?.(value) : void 0;
  if (refused !== void 0) throw new SettingsError(refused);
  return setting.read && typeof value === "string" ? setting.read(value) : value;
}
function expected({ type, enum: words, minimum, maximum, expected: text = "" }) {
  if (words) return `one of ${words.join(", ")}`;
  if (type === "boolean") return "on or off";
  if (minimum !== void 0) return `a ${type === "integer" ? "whole " : ""}number from ${minimum} to ${maximum}`;
  return text;
}
function contradictions(values) {
  const found = [];
  if (values.dbPoolMin > values.dbPoolMax) {
    found.push(`CLOUD_DB_POOL_MIN=${values.dbPoolMin}: must not be above CLOUD_DB_POOL_MAX=${values.dbPoolMax}`);
  }
  if (values.role !== "all" && values.externalDatabaseUrl === void 0) {
    found.push(`CLOUD_ROLE=${values.role}: needs DATABASE_URL; only role all runs its own PostgreSQL`);
  }
  if (values.smtpUrl === void 0 !== (values.mailFrom === void 0)) {
    const [given, missing] = values.smtpUrl === void 0 ? ["MAIL_FROM", "SMTP_URL"] : ["SMTP_URL", "MAIL_FROM"];
    found.push(`CLOUD_${given}: needs CLOUD_${missing} too`);
  }
  if (values.auditMinDays > values.auditMaxDays) {
    found.push(
      `CLOUD_AUDIT_MIN_DAYS=${values.auditMinDays}: must not be above CLOUD_AUDIT_MAX_DAYS=${values.auditMaxDays}`
    );
  }
  const { listen, awsListen, pgPort } = values;
  if (awsListen && awsListen.port === listen.port && awsListen.port !== 0) {
    found.push(`CLOUD_AWS_LISTEN=${awsListen.host}:${awsListen.port}: must not be the port of CLOUD_LISTEN`);
  }
  for (const [name, address] of [
    ["CLOUD_LISTEN", listen],
    ["CLOUD_AWS_LISTEN", awsListen]
  ]) {
    if (address && address.port !== 0 && address.port === pgPort && values.externalDatabaseUrl === void 0)
      found.push(`CLOUD_PG_PORT=${pgPort}: must not be the port of ${name}`);
  }
  return found;
}
function shown(name, value) {
  const line = value.replaceAll(/\s+/g, " ");
  return name.endsWith("_URL") ? hidePassword(line) : line;
}
function pathsBelow(data) {
  const run = join(data, "run");
  const secrets = join(data, "secrets");
  return Object.freeze({
    data,
    run,
    secrets,
    postgres: join(data, "postgres"),
    postgresSocketDir: join(run, "postgres"),
    workerSocket: join(run, "worker", "live.sock"),
    masterKey: join(secrets, "master.key"),
    auditKey: join(secrets, "audit.key"),
    audit: join(data, "audit"),
    incus: join(data, "incus"),
    images: join(data, "images"),
    app: join(data, "app"),
    logs: join(data, "logs")
  });
}
function findMisspelt(env) {
  const known = ROWS.map(([, setting]) => setting.name);
  const warnings = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("CLOUD_") || known.includes(name)) continue;
    const nearest = (0, import_fastest_levenshtein.closest)(name, known);
    if ((0, import_fastest_levenshtein.distance)(name, nearest) <= 3) warnings.push(`${name} is not a setting; did you mean ${nearest}?`);
  }
  return warnings;
}
function describeSettings(isRoot = process.getuid?.() === 0) {
  const width = Math.max(...ROWS.map(([, { name }]) => name.length)) + 2;
  return ROWS.map(([, setting]) => {
    const preset = defaultOf(setting, isRoot) ?? "";
    const words = typeof preset === "boolean" ? preset ? "on" : "off" : String(preset);
    const facts = [expected(setting), `default: ${words || "(empty)"}`].filter(Boolean).join("; ");
    return `  ${setting.name.padEnd(width)}${setting.description}
${" ".repeat(width + 2)}${facts}`;
  }).join("\n");
}

// packages/server/src/command-line.ts
var HELP = `The Cloud: a cloud that you own, on one Linux machine.

  npm start                      start it, in the foreground; installs first what is missing
  npm start -- --help            this text
  npm start -- --version
  npm run migrate                run the migrations of DATABASE_URL and exit (also: npm start -- -migrate-only)
  npm run migrate -- status      down: take one back. up-to N: run those up to number N

Settings, by environment:
`;
function readCommand(args, env, readManifest) {
  const [first = "", ...rest] = args;
  if (["--help", "-h", "help"].includes(first)) return { kind: "tell", text: HELP + describeSettings() };
  if (["--version", "-v", "version"].includes(first)) {
    const manifest = JSON.parse(readManifest());
    return { kind: "tell", text: manifest.version };
  }
  const settings = loadSettings(env);
  if (first === "migrate") return { kind: "migrate", settings, args: rest };
  if (first === "-migrate-only" || first === "--migrate-only") {
    if (rest.length > 0) {
      throw new SettingsError(
        `${first} ${rest.join(" ")}: ${first} applies pending migrations and takes no arguments; run npm run migrate -- ${rest.join(" ")}`
      );
    }
    return { kind: "migrate", settings, args: [] };
  }
  if (first !== "") throw new SettingsError(`unknown argument '${first}'; see npm start -- --help`);
  return { kind: "run", settings };
}
export {
  SettingsError,
  findMisspelt,
  readCommand
};
