// SPDX-License-Identifier: Apache-2.0
// Settings files that are wrong, each with all that is to be said about it.
#pragma once

#include <stdbool.h>

static const struct {
	const char *name;
	bool need_registrar;
	const char *yaml;
	const char *expect; // the errors without the file's name
} broken_files[] = {
	{"nothing at all is replay's default but no engine's", true, "",
	 "1:1: registrar.target is required: target: \"sip:pool.example:5061;transport=tls\"\n"},
	{"inline without ports", false, "wire: {mode: inline}\n",
	 "1:1: wire.ports is empty, and mode inline needs pairs: ports: [af_xdp:eth1, "
	 "af_xdp:eth2]\n"},
	{"a list at the top", false, "- engine\n",
	 "1:1: settings are sections (engine:, wire: ...) with keys below; see "
	 "offhook.yaml.sample\n"},
	{"a word at the top", false, "engine\n",
	 "1:1: settings are sections (engine:, wire: ...) with keys below; see "
	 "offhook.yaml.sample\n"},
	{"section with a value", false, "log: info\n",
	 "1:6: log is a section: its keys stand below it, indented\n"},
	{"section with a list", false, "log: [info]\n",
	 "1:6: log is a section: its keys stand below it, indented\n"},
	{"nested section with a value", false,
	 "registrar:\n"
	 "  tls: no\n",
	 "2:8: registrar.tls is a section: its keys stand below it, indented\n"},
	{"unknown section", false,
	 "engin:\n"
	 "  name: a\n",
	 "1:1: engin is no setting; did you mean engine?\n"},
	{"unknown section without a likeness", false, "zebra: 1\n", "1:1: zebra is no setting\n"},
	{"unknown key", false,
	 "engine:\n"
	 "  nam: a\n",
	 "2:3: engine.nam is no setting; did you mean engine.name?\n"},
	{"unknown key without a likeness", false,
	 "engine:\n"
	 "  colour: red\n",
	 "2:3: engine.colour is no setting\n"},
	{"two letters swapped", false,
	 "registrar:\n"
	 "  exipres: 600s\n",
	 "2:3: registrar.exipres is no setting; did you mean registrar.expires?\n"},
	{"key outside its section", false, "expires: 600s\n",
	 "1:1: expires is no setting; did you mean registrar.expires?\n"},
	{"key of another section", false,
	 "calls:\n"
	 "  expires: 600s\n",
	 "2:3: calls.expires is no setting; did you mean registrar.expires?\n"},
	{"key of a nested section", false,
	 "registrar:\n"
	 "  min_version: \"1.2\"\n",
	 "2:3: registrar.min_version is no setting; did you mean registrar.tls.min_version?\n"},
	{"unknown nested section", false,
	 "registrar:\n"
	 "  tlss:\n"
	 "    verify: no\n",
	 "2:3: registrar.tlss is no setting; did you mean registrar.tls?\n"},
	{"dotted key", false, "engine.name: a\n",
	 "1:1: engine.name is not written with dots: each section on a line of its own, what is in "
	 "it below, indented\n"},
	{"dotted key in a section", false,
	 "registrar:\n"
	 "  tls.verify: no\n",
	 "2:3: tls.verify is not written with dots: each section on a line of its own, what is in "
	 "it below, indented\n"},
	{"key in capitals", false,
	 "engine:\n"
	 "  NAME: a\n",
	 "2:3: engine.NAME is no setting; did you mean engine.name?\n"},
	{"key twice", false,
	 "engine:\n"
	 "  name: a\n"
	 "  name: b\n",
	 "3:3: name is here twice, first in line 2\n"},
	{"section twice", false,
	 "log:\n"
	 "  level: info\n"
	 "engine:\n"
	 "  name: a\n"
	 "log:\n"
	 "  level: warn\n",
	 "5:1: log is here twice, first in line 1\n"},
	{"the second of two is not looked at", false,
	 "engine:\n"
	 "  name: a\n"
	 "  name: '*'\n",
	 "3:3: name is here twice, first in line 2\n"},
	{"no value", false,
	 "engine:\n"
	 "  name:\n"
	 "  user: x\n",
	 "2:8: engine.name has no value; leave the line out for the default\n"},
	{"null", false,
	 "engine:\n"
	 "  name: null\n",
	 "2:9: engine.name has no value; leave the line out for the default\n"},
	{"tilde", false,
	 "engine:\n"
	 "  name: ~\n",
	 "2:9: engine.name has no value; leave the line out for the default\n"},
	{"list for a value", false,
	 "engine:\n"
	 "  name: [a]\n",
	 "2:9: engine.name is one value, not a list: leave the brackets or dash out\n"},
	{"section for a value", false,
	 "engine:\n"
	 "  name: {a: b}\n",
	 "2:9: engine.name is one value, not a section\n"},
	{"all in one go", true,
	 "engine:\n"
	 "  nam: a\n"
	 "  on_stop: remov\n"
	 "wire:\n"
	 "  mode: inline\n"
	 "  ports: [eth0]\n"
	 "  queues: 0\n"
	 "registrar:\n"
	 "  expires: 600\n"
	 "zebra: 1\n",
	 "2:3: engine.nam is no setting; did you mean engine.name?\n"
	 "3:12: engine.on_stop `remov` is none of remove, keep; did you mean remove?\n"
	 "6:11: wire.ports `eth0` looks like an interface: write af_packet:eth0, or af_xdp:eth0 "
	 "where its driver can\n"
	 "7:11: wire.queues is too small: at least 1\n"
	 "8:1: registrar.target is required: target: \"sip:pool.example:5061;transport=tls\"\n"
	 "9:12: registrar.expires needs a unit: write 600s\n"
	 "10:1: zebra is no setting\n"},
	{"tab", false,
	 "engine:\n"
	 "\tname: a\n",
	 "2:1: found character that cannot start any token; a tab: indent with spaces\n"},
	{"unclosed list", false,
	 "wire:\n"
	 "  ports: [a, b\n",
	 "3:1: did not find expected ',' or ']'\n"},
	{"unclosed quote", false,
	 "engine:\n"
	 "  name: \"a\n",
	 "3:1: found unexpected end of stream\n"},
	{"missing colon", false,
	 "engine:\n"
	 "  name a\n"
	 "  user: b\n",
	 "3:7: mapping values are not allowed in this context; a colon is missing in the line "
	 "above, a text with `: ` needs quotes, or the indentation is wrong\n"},
	{"missing space after the colon", false,
	 "engine:\n"
	 "  name:a\n",
	 "2:3: engine is a section: its keys stand below it, indented; a colon is followed by a "
	 "space\n"},
	{"crooked indentation", false,
	 "engine:\n"
	 "   name: a\n"
	 "  user: b\n",
	 "3:3: did not find expected key\n"},
	{"anchor", false,
	 "engine:\n"
	 "  name: &x a\n",
	 "2:9: anchors (&), aliases (*) and tags (!) are not for settings: write the value out, in "
	 "quotes if it begins with that character\n"},
	{"alias", false,
	 "engine:\n"
	 "  name: *x\n",
	 "2:9: anchors (&), aliases (*) and tags (!) are not for settings: write the value out, in "
	 "quotes if it begins with that character\n"},
	{"merge key", false,
	 "engine:\n"
	 "  name: a\n"
	 "  <<: *other\n",
	 "3:7: anchors (&), aliases (*) and tags (!) are not for settings: write the value out, in "
	 "quotes if it begins with that character\n"},
	{"tag", false,
	 "engine:\n"
	 "  name: !!str a\n",
	 "2:9: anchors (&), aliases (*) and tags (!) are not for settings: write the value out, in "
	 "quotes if it begins with that character\n"},
	{"pattern that begins with a star", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    user_agents: [*]\n",
	 "3:20: did not find expected alphabetic or numeric character; a text that begins with * "
	 "needs quotes\n"},
	{"second document", false,
	 "engine:\n"
	 "  name: a\n"
	 "---\n"
	 "engine:\n"
	 "  name: b\n",
	 "3:1: a second document: settings are one\n"},
	{"key that is a list", false,
	 "engine:\n"
	 "  ? [a]\n"
	 "  : b\n",
	 "2:5: a key must be a word\n"},
	{"too deep", false, "a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n",
	 "1:32: nested deeper than any setting: check the indentation and brackets\n"},
	{"not UTF-8", false,
	 "engine:\n"
	 "  name: \377\n",
	 "2:9: invalid leading UTF-8 octet; the file must be plain UTF-8 text\n"},
	{"control character", false,
	 "engine:\n"
	 "  user: \"a\\x1bb\"\n",
	 "2:9: a control character or line end in a value\n"},
	{"line end in a value", false,
	 "engine:\n"
	 "  user: |\n"
	 "    a\n"
	 "    b\n",
	 "2:9: a control character or line end in a value\n"},
	{"NUL in a value", false,
	 "engine:\n"
	 "  user: \"a\\0b\"\n",
	 "2:9: a control character or line end in a value\n"},
	{"escape sequence in a key is masked", false, "\"a\\eb\": 1\n", "1:1: a?b is no setting\n"},
	{"duration without a unit", false,
	 "registrar:\n"
	 "  expires: 600\n",
	 "2:12: registrar.expires needs a unit: write 600s\n"},
	{"short duration without a unit", false,
	 "wire:\n"
	 "  max_sleep: 100\n",
	 "2:14: wire.max_sleep needs a unit: write 100us\n"},
	{"duration with a word", false,
	 "registrar:\n"
	 "  expires: 10min\n",
	 "2:12: registrar.expires `10min` is no duration: write 10m\n"},
	{"duration with a space", false,
	 "registrar:\n"
	 "  expires: 10 s\n",
	 "2:12: registrar.expires `10 s` is no duration: write 10s\n"},
	{"duration in capitals", false,
	 "registrar:\n"
	 "  expires: 600S\n",
	 "2:12: registrar.expires `600S` is no duration: write 600s\n"},
	{"duration with a fraction", false,
	 "registrar:\n"
	 "  expires: 1.5s\n",
	 "2:12: registrar.expires `1.5s` is no duration: a whole number and us, ms, s, m, h or d, "
	 "like 600s\n"},
	{"negative duration", false,
	 "registrar:\n"
	 "  expires: -5s\n",
	 "2:12: registrar.expires `-5s` is no duration: a whole number and us, ms, s, m, h or d, "
	 "like 600s\n"},
	{"duration in months", false,
	 "registrar:\n"
	 "  suspend: 2months\n",
	 "2:12: registrar.suspend `2months` is no duration: a whole number and us, ms, s, m, h or "
	 "d, like 1h\n"},
	{"duration that is no number", false,
	 "registrar:\n"
	 "  expires: soon\n",
	 "2:12: registrar.expires `soon` is no duration: a whole number and us, ms, s, m, h or d, "
	 "like 600s\n"},
	{"duration too small", false,
	 "registrar:\n"
	 "  expires: 1s\n"
	 "  refresh_lead: 1s\n",
	 "2:12: registrar.expires is too small: at least 2s\n"},
	{"duration too large", false,
	 "registrar:\n"
	 "  expires: 2d\n",
	 "2:12: registrar.expires is too large: at most 1d\n"},
	{"duration beyond 64 bits", false,
	 "registrar:\n"
	 "  expires: 99999999999999d\n",
	 "2:12: registrar.expires is too large\n"},
	{"duration that can't be off", false,
	 "calls:\n"
	 "  bye_timeout: off\n",
	 "2:16: calls.bye_timeout can't be off: at least 1s\n"},
	{"duration that may be off is too small", false,
	 "registrar:\n"
	 "  keepalive: 1ms\n",
	 "2:14: registrar.keepalive is too small: at least 1s, or off\n"},
	{"stop too long", false,
	 "engine:\n"
	 "  stop_timeout: 2h\n",
	 "2:17: engine.stop_timeout is too large: at most 1h\n"},
	{"count in words", false,
	 "wire:\n"
	 "  queues: two\n",
	 "2:11: wire.queues `two` is no whole number\n"},
	{"count below", false,
	 "wire:\n"
	 "  queues: 0\n",
	 "2:11: wire.queues is too small: at least 1\n"},
	{"count above", false,
	 "wire:\n"
	 "  queues: 17\n",
	 "2:11: wire.queues is too large: at most 16\n"},
	{"number in a list below", false,
	 "wire:\n"
	 "  vxlan_ports: [4789, 0]\n",
	 "2:23: wire.vxlan_ports is too small: at least 1\n"},
	{"number in a list above", false,
	 "wire:\n"
	 "  geneve_ports: [65536]\n",
	 "2:18: wire.geneve_ports is too large: at most 65535\n"},
	{"number in a list twice", false,
	 "wire:\n"
	 "  hep_ports: [9060, 9060]\n",
	 "2:21: wire.hep_ports has 9060 twice\n"},
	{"number in a list in words", false,
	 "wire:\n"
	 "  hep_ports: [hep]\n",
	 "2:15: wire.hep_ports `hep` is no whole number\n"},
	{"number without a list", false,
	 "wire:\n"
	 "  hep_ports: 9060\n",
	 "2:14: wire.hep_ports is a list: write [\"9060\"]\n"},
	{"port for two", false,
	 "wire:\n"
	 "  hep_ports: [9060, 4789]\n",
	 "2:14: wire.hep_ports has 4789, which is in wire.vxlan_ports\n"},
	{"port for two, the other given", false,
	 "wire:\n"
	 "  vxlan_ports: [1, 2, 6081]\n",
	 "2:16: wire.vxlan_ports has 6081, which is in wire.geneve_ports\n"},
	{"nothing left for the rest", false,
	 "wire:\n"
	 "  steer_ports: [5060]\n",
	 "2:16: wire.steer_ports needs a queue for the rest: set wire.queues to 2 or more\n"},
	{"count with a unit", false,
	 "wire:\n"
	 "  mbufs: 16k\n",
	 "2:10: wire.mbufs is a count without a unit: write 16384\n"},
	{"negative count", false,
	 "wire:\n"
	 "  mbufs: -1\n",
	 "2:10: wire.mbufs `-1` is no whole number\n"},
	{"count with a fraction", false,
	 "wire:\n"
	 "  queues: 1.5\n",
	 "2:11: wire.queues `1.5` is no whole number\n"},
	{"count with separators", false,
	 "calls:\n"
	 "  max_calls: 1_000_000\n",
	 "2:14: calls.max_calls `1_000_000` is no whole number: write 1000000\n"},
	{"count beyond 64 bits", false,
	 "calls:\n"
	 "  max_calls: 99999999999999999999999\n",
	 "2:14: calls.max_calls is too large\n"},
	{"no power of two", false,
	 "wire:\n"
	 "  ring_slots: 1000\n",
	 "2:15: wire.ring_slots must be a power of two: write 512 or 1024\n"},
	{"power of two beyond", false,
	 "wire:\n"
	 "  ring_slots: 131072\n",
	 "2:15: wire.ring_slots is too large: at most 65536\n"},
	{"percent sign", false,
	 "registrar:\n"
	 "  refresh_jitter: 5%\n",
	 "2:19: registrar.refresh_jitter is in percent already: write 5\n"},
	{"percent above", false,
	 "registrar:\n"
	 "  refresh_jitter: 51\n",
	 "2:19: registrar.refresh_jitter is too large: at most 50\n"},
	{"size too small", false,
	 "wire:\n"
	 "  memory: 1M\n",
	 "2:11: wire.memory is too small: at least 16M, or 0\n"},
	{"size with a wrong unit", false,
	 "wire:\n"
	 "  memory: 64MB\n",
	 "2:11: wire.memory `64MB` is no size: digits and k, M or G, like 64M\n"},
	{"size too large", false,
	 "wire:\n"
	 "  memory: 2048G\n",
	 "2:11: wire.memory is too large: at most 1024G\n"},
	{"rate without a unit", false,
	 "registrar:\n"
	 "  rate: 500\n",
	 "2:9: registrar.rate needs a unit: write 500/s\n"},
	{"rate an hour", false,
	 "registrar:\n"
	 "  rate: 500/h\n",
	 "2:9: registrar.rate `500/h` is no rate: a whole number and /s or /m, like 500/s\n"},
	{"rate of nothing", false,
	 "registrar:\n"
	 "  rate: 0/s\n",
	 "2:9: registrar.rate must be above 0\n"},
	{"rate too large", false,
	 "registrar:\n"
	 "  rate: 2000000/s\n",
	 "2:9: registrar.rate is too large: at most 1000000/s\n"},
	{"burst of nothing", false,
	 "registrar:\n"
	 "  burst: 0\n",
	 "2:10: registrar.burst is too small: at least 1\n"},
	{"burst in words", false,
	 "registrar:\n"
	 "  burst: some\n",
	 "2:10: registrar.burst `some` is no whole number\n"},
	{"bool by number", false,
	 "engine:\n"
	 "  sandbox: 1\n",
	 "2:12: engine.sandbox is yes or no: write yes\n"},
	{"bool by zero", false,
	 "engine:\n"
	 "  sandbox: 0\n",
	 "2:12: engine.sandbox is yes or no: write no\n"},
	{"bool in capitals", false,
	 "engine:\n"
	 "  sandbox: Yes\n",
	 "2:12: engine.sandbox is yes or no: write yes\n"},
	{"neither yes nor no", false,
	 "engine:\n"
	 "  sandbox: maybe\n",
	 "2:12: engine.sandbox `maybe` is neither yes nor no\n"},
	{"word with a slip", false,
	 "wire:\n"
	 "  mode: inlne\n",
	 "2:9: wire.mode `inlne` is none of tap, inline; did you mean inline?\n"},
	{"word in capitals", false,
	 "wire:\n"
	 "  mode: TAP\n",
	 "2:9: wire.mode `TAP` is none of tap, inline; did you mean tap?\n"},
	{"word without a likeness", false,
	 "wire:\n"
	 "  mode: bridge\n",
	 "2:9: wire.mode `bridge` is none of tap, inline\n"},
	{"log level", false,
	 "log:\n"
	 "  level: warning\n",
	 "2:10: log.level `warning` is none of error, warn, info, debug; did you mean warn?\n"},
	{"log target", false,
	 "log:\n"
	 "  target: journald\n",
	 "2:11: log.target `journald` is none of stderr, syslog, journal; did you mean journal?\n"},
	{"poll", false,
	 "wire:\n"
	 "  poll: busy\n",
	 "2:9: wire.poll `busy` is none of adaptive, always\n"},
	{"line index", false,
	 "wire:\n"
	 "  line_index: avx-512\n",
	 "2:15: wire.line_index `avx-512` is none of auto, scalar, sse42, avx2, avx512; did you "
	 "mean avx512?\n"},
	{"body", false,
	 "registrar:\n"
	 "  body: rpid\n",
	 "2:9: registrar.body `rpid` is none of sfb-legacy, rpid-4480; did you mean rpid-4480?\n"},
	{"TLS version 1.1", false,
	 "registrar:\n"
	 "  tls:\n"
	 "    min_version: 1.1\n",
	 "3:18: registrar.tls.min_version `1.1` is none of 1.2, 1.3, 1.0; did you mean 1.2?\n"},
	{"TLS version by name", false,
	 "registrar:\n"
	 "  tls:\n"
	 "    min_version: TLSv1.2\n",
	 "3:18: registrar.tls.min_version `TLSv1.2` is none of 1.2, 1.3, 1.0; did you mean 1.2?\n"},
	{"identity of the other party", false,
	 "calls:\n"
	 "  caller_identity: [request-uri]\n",
	 "2:21: calls.caller_identity `request-uri` is none of p-asserted-identity, "
	 "remote-party-id, from\n"},
	{"identity with a slip", false,
	 "calls:\n"
	 "  callee_identity: [to, request-url]\n",
	 "2:25: calls.callee_identity `request-url` is none of request-uri, p-called-party-id, to; "
	 "did you mean request-uri?\n"},
	{"identity twice", false,
	 "calls:\n"
	 "  caller_identity: [from, from]\n",
	 "2:27: calls.caller_identity has from twice\n"},
	{"no identity", false,
	 "calls:\n"
	 "  caller_identity: []\n",
	 "2:20: calls.caller_identity needs at least one item\n"},
	{"identity without brackets", false,
	 "calls:\n"
	 "  caller_identity: from\n",
	 "2:20: calls.caller_identity is a list: write [\"from\"]\n"},
	{"core too high", false,
	 "wire:\n"
	 "  cores: 64\n",
	 "2:10: wire.cores has a core above 63\n"},
	{"cores backwards", false,
	 "wire:\n"
	 "  cores: 3-1\n",
	 "2:10: wire.cores `3-1` is no list of cores: auto, or like 1,3-5\n"},
	{"cores in words", false,
	 "wire:\n"
	 "  cores: all\n",
	 "2:10: wire.cores `all` is no list of cores: auto, or like 1,3-5\n"},
	{"too many cores", false,
	 "wire:\n"
	 "  cores: 1-17\n",
	 "2:10: wire.cores are too many: at most 16 cores poll\n"},
	{"cores as a list", false,
	 "wire:\n"
	 "  cores: [1, 2]\n",
	 "2:10: wire.cores is one value, not a list: leave the brackets or dash out\n"},
	{"engine name with a dot", false,
	 "engine:\n"
	 "  name: sbc1.example\n",
	 "2:9: engine.name may have letters, digits, - and _ only\n"},
	{"engine name with a brace", false,
	 "engine:\n"
	 "  name: \"{a}\"\n",
	 "2:9: engine.name may have letters, digits, - and _ only\n"},
	{"engine name too long", false,
	 "engine:\n"
	 "  name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 "2:9: engine.name is longer than 64 characters\n"},
	{"empty user", false,
	 "engine:\n"
	 "  user: \"\"\n",
	 "2:9: engine.user must not be empty\n"},
	{"user with a space", false,
	 "engine:\n"
	 "  user: \"off hook\"\n",
	 "2:9: engine.user `off hook` is no name of an account\n"},
	{"relative path", false,
	 "engine:\n"
	 "  state_dir: var/lib\n",
	 "2:14: engine.state_dir must be a path from the root: it begins with /\n"},
	{"text too long", false,
	 "registrar:\n"
	 "  user_agent: "
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 "2:15: registrar.user_agent is longer than 255 octets\n"},
	{"domain", false,
	 "directory:\n"
	 "  map_any: \"sip:example\"\n",
	 "2:12: directory.map_any `sip:example` is no name of a host or domain\n"},
	{"program", false,
	 "store:\n"
	 "  redis_server: bin/redis-server\n",
	 "2:17: store.redis_server must be a path from the root: it begins with /\n"},
	{"token", false,
	 "registrar:\n"
	 "  activity: on the phone\n",
	 "2:13: registrar.activity `on the phone` has characters that a token can't have\n"},
	{"metrics without an address", false,
	 "control:\n"
	 "  metrics: 9464\n",
	 "2:12: control.metrics needs an address: write \"127.0.0.1:9464\"\n"},
	{"metrics without a port", false,
	 "control:\n"
	 "  metrics: 127.0.0.1\n",
	 "2:12: control.metrics needs an address and a port, like \"127.0.0.1:9464\"\n"},
	{"metrics at a name", false,
	 "control:\n"
	 "  metrics: localhost:9464\n",
	 "2:12: control.metrics must be address:port, like \"127.0.0.1:9464\" or \"[::1]:9464\"; a "
	 "name won't do\n"},
	{"metrics port too high", false,
	 "control:\n"
	 "  metrics: \"127.0.0.1:94640\"\n",
	 "2:12: control.metrics must be address:port, like \"127.0.0.1:9464\" or \"[::1]:9464\"; a "
	 "name won't do\n"},
	{"listen off", false,
	 "registrar:\n"
	 "  listen: off\n",
	 "2:11: registrar.listen needs an address and a port, like \"127.0.0.1:9464\"\n"},
	{"listen without brackets", false,
	 "registrar:\n"
	 "  listen: \"::1:5060\"\n",
	 "2:11: registrar.listen must be address:port, like \"127.0.0.1:9464\" or \"[::1]:9464\"; "
	 "a name won't do\n"},
	{"interface alone", false,
	 "wire:\n"
	 "  ports: [eth0]\n",
	 "2:11: wire.ports `eth0` looks like an interface: write af_packet:eth0, or af_xdp:eth0 "
	 "where its driver can\n"},
	{"slip in a short form", false,
	 "wire:\n"
	 "  ports: [\"afxdp:eth0\"]\n",
	 "2:11: wire.ports `afxdp:eth0`: did you mean af_xdp:eth0?\n"},
	{"interface missing", false,
	 "wire:\n"
	 "  ports: [\"af_packet:\"]\n",
	 "2:11: wire.ports `af_packet:` has no name of an interface after the colon\n"},
	{"interface name too long", false,
	 "wire:\n"
	 "  ports: [\"tap:abcdefghijklmnop\"]\n",
	 "2:11: wire.ports `tap:abcdefghijklmnop` has no name of an interface after the colon\n"},
	{"file missing", false,
	 "wire:\n"
	 "  ports: [\"pcap:\"]\n",
	 "2:11: wire.ports `pcap:` has no file (a name without commas) after the colon\n"},
	{"PCI with arguments", false,
	 "wire:\n"
	 "  ports: [\"0000:03:00.0,x=1\"]\n",
	 "2:11: wire.ports `0000:03:00.0,x=1` is no port: a PCI address (0000:03:00.0), a virtual "
	 "device of DPDK (net_...), af_packet:IF, af_xdp:IF, tap:IF or pcap:FILE\n"},
	{"pcap with arguments", false,
	 "wire:\n"
	 "  ports: [\"pcap:/a,b\"]\n",
	 "2:11: wire.ports `pcap:/a,b` has no file (a name without commas) after the colon\n"},
	{"interface of dots", false,
	 "wire:\n"
	 "  ports: [\"tap:..\"]\n",
	 "2:11: wire.ports `tap:..` has no name of an interface after the colon\n"},
	{"PCI with a wrong function", false,
	 "wire:\n"
	 "  ports: [\"0000:03:00.9\"]\n",
	 "2:11: wire.ports `0000:03:00.9` is no port: a PCI address (0000:03:00.0), a virtual "
	 "device of DPDK (net_...), af_packet:IF, af_xdp:IF, tap:IF or pcap:FILE\n"},
	{"port of no kind", false,
	 "wire:\n"
	 "  ports: [\"vhost:/run/x\"]\n",
	 "2:11: wire.ports `vhost:/run/x` is no port: a PCI address (0000:03:00.0), a virtual "
	 "device of DPDK (net_...), af_packet:IF, af_xdp:IF, tap:IF or pcap:FILE\n"},
	{"port twice", false,
	 "wire:\n"
	 "  ports: [\"tap:a\", \"tap:a\"]\n",
	 "2:20: wire.ports has tap:a twice\n"},
	{"ports without brackets", false,
	 "wire:\n"
	 "  ports: tap:a\n",
	 "2:10: wire.ports is a list: write [\"tap:a\"]\n"},
	{"nine ports", false,
	 "wire:\n"
	 "  ports: [tap:p0, tap:p1, tap:p2, tap:p3, tap:p4, tap:p5, tap:p6, tap:p7, tap:p8]\n",
	 "2:75: wire.ports has more than 8 items\n"},
	{"port that is a section", false,
	 "wire:\n"
	 "  ports:\n"
	 "    - tap: a\n",
	 "3:7: wire.ports is a list of single values: no brackets inside, no space after a "
	 "colon\n"},
	{"empty item", false,
	 "wire:\n"
	 "  ports:\n"
	 "    - tap:a\n"
	 "    -\n",
	 "4:6: wire.ports has an empty item\n"},
	{"empty port", false,
	 "wire:\n"
	 "  ports: [\"\"]\n",
	 "2:11: wire.ports must not be empty\n"},
	{"no prefix", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    sources: [10.0.0.0/33]\n",
	 "3:15: calls.ignore.sources `10.0.0.0/33` is no prefix of addresses, like 10.0.0.0/8 or "
	 "2001:db8::/32\n"},
	{"prefix of a name", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    sources: [example.com]\n",
	 "3:15: calls.ignore.sources `example.com` is no prefix of addresses, like 10.0.0.0/8 or "
	 "2001:db8::/32\n"},
	{"number with a space", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    numbers: [\"1 12\"]\n",
	 "3:15: calls.ignore.numbers must be a user or number, without spaces\n"},
	{"number twice", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    numbers: [\"112\", 112]\n",
	 "3:22: calls.ignore.numbers has 112 twice\n"},
	{"too many numbers", false,
	 "calls:\n"
	 "  ignore:\n"
	 "    numbers: [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, "
	 "115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, "
	 "132]\n",
	 "3:175: calls.ignore.numbers has more than 32 items\n"},
	{"rule with a broken expression", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: \"00(.*\"\n"
	 "      replace: \"+\"\n",
	 "3:14: directory.number_rules has no regular expression: Unmatched ( or \\(\n"},
	{"rule with an unknown group", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: \"00(.*)\"\n"
	 "      replace: \"+\\\\2\"\n",
	 "4:16: directory.number_rules replaces by \\2, but match has 1 group ( )\n"},
	{"rule with group 0", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: \"00(.*)\"\n"
	 "      replace: \"+\\\\0\"\n",
	 "4:16: directory.number_rules has a backslash without a group (\\1 to \\9) behind it\n"},
	{"rule without match", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - replace: \"+\"\n",
	 "3:7: directory.number_rules has a rule without match:\n"},
	{"rule without replace", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: \"0\"\n",
	 "3:7: directory.number_rules has a rule without replace:\n"},
	{"rule with a slip", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: \"0\"\n"
	 "      replace: \"1\"\n"
	 "      comment: x\n",
	 "5:7: directory.number_rules knows match and replace, not `comment`\n"},
	{"rules that are words", false,
	 "directory:\n"
	 "  number_rules: [\"0=+49\"]\n",
	 "2:18: directory.number_rules has items of two keys: match: and replace:\n"},
	{"rules as one word", false,
	 "directory:\n"
	 "  number_rules: \"0=+49\"\n",
	 "2:17: directory.number_rules is a list of rules (- match: ...): write [] for an empty "
	 "one\n"},
	{"rule with an empty match", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match:\n"
	 "      replace: a\n",
	 "3:13: directory.number_rules needs a text after match:\n"},
	{"target required", true,
	 "wire:\n"
	 "  ports: [\"tap:a\"]\n"
	 "registrar:\n"
	 "  expires: 600s\n",
	 "3:1: registrar.target is required: target: \"sip:pool.example:5061;transport=tls\"\n"},
	{"target empty list", true,
	 "wire:\n"
	 "  ports: [\"tap:a\"]\n"
	 "registrar:\n"
	 "  target: []\n",
	 "4:11: registrar.target is required: target: \"sip:pool.example:5061;transport=tls\"\n"},
	{"target without a scheme", false,
	 "registrar:\n"
	 "  target: pool.example:5061\n",
	 "2:11: registrar.target must begin with sip: or sips:; write sip:pool.example:5061\n"},
	{"target with slashes", false,
	 "registrar:\n"
	 "  target: sip://pool.example\n",
	 "2:11: registrar.target has slashes, which SIP URIs have not: write sip:pool.example\n"},
	{"target that is http", false,
	 "registrar:\n"
	 "  target: http://pool.example\n",
	 "2:11: registrar.target must be sip:host[:port][;transport=udp|tcp|tls]\n"},
	{"target with a user", false,
	 "registrar:\n"
	 "  target: sip:john@pool.example\n",
	 "2:11: registrar.target has a user; a target is a host: write sip:pool.example\n"},
	{"target without a host", false,
	 "registrar:\n"
	 "  target: \"sip:\"\n",
	 "2:11: registrar.target has no host after sip: (IPv6 addresses stand in brackets)\n"},
	{"target with a bare IPv6 address", false,
	 "registrar:\n"
	 "  target: \"sip:[2001:db8::1\"\n",
	 "2:11: registrar.target has no host after sip: (IPv6 addresses stand in brackets)\n"},
	{"target port", false,
	 "registrar:\n"
	 "  target: \"sip:pool.example:0\"\n",
	 "2:11: registrar.target has a port that is not 1 to 65535\n"},
	{"target parameter", false,
	 "registrar:\n"
	 "  target: \"sip:pool.example;lr\"\n",
	 "2:11: registrar.target ends with `;lr`; only ;transport=udp, tcp or tls may follow\n"},
	{"target transport", false,
	 "registrar:\n"
	 "  target: \"sip:pool.example;transport=sctp\"\n",
	 "2:11: registrar.target has transport `sctp`; it is udp, tcp or tls\n"},
	{"sips over udp", false,
	 "registrar:\n"
	 "  target: \"sips:pool.example;transport=udp\"\n",
	 "2:11: registrar.target contradicts itself: sips: is never udp\n"},
	{"target twice", false,
	 "registrar:\n"
	 "  target: [\"sip:a\", \"sip:a\"]\n",
	 "2:21: registrar.target has sip:a twice\n"},
	{"nine targets", false,
	 "registrar:\n"
	 "  target: [\"sip:h0\", \"sip:h1\", \"sip:h2\", \"sip:h3\", \"sip:h4\", \"sip:h5\", "
	 "\"sip:h6\", \"sip:h7\", \"sip:h8\"]\n",
	 "2:92: registrar.target has more than 8 items\n"},
	{"second target wrong", false,
	 "registrar:\n"
	 "  target:\n"
	 "    - sip:a.example\n"
	 "    - b.example\n",
	 "4:7: registrar.target must begin with sip: or sips:; write sip:b.example\n"},
	{"store with a slip", false,
	 "store:\n"
	 "  url: embeded\n",
	 "2:8: store.url must be embedded, memory, redis://host[:port][/db] or "
	 "redis+unix:///path[?db=n]; did you mean embedded?\n"},
	{"store of another kind", false,
	 "store:\n"
	 "  url: mysql://host\n",
	 "2:8: store.url must be embedded, memory, redis://host[:port][/db] or "
	 "redis+unix:///path[?db=n]\n"},
	{"store with an account", false,
	 "store:\n"
	 "  url: redis://user:hunter2@host\n",
	 "2:8: store.url holds an account; put it into store.user and store.password\n"},
	{"store with a name for a database", false,
	 "store:\n"
	 "  url: redis://host/main\n",
	 "2:8: store.url may only have a number of a database after the host: "
	 "redis://host:6379/0\n"},
	{"store port", false,
	 "store:\n"
	 "  url: redis://host:70000\n",
	 "2:8: store.url has no host, or a port that is not 1 to 65535: redis://host:6379/0\n"},
	{"store with a relative path", false,
	 "store:\n"
	 "  url: redis+unix://run/redis.sock\n",
	 "2:8: store.url needs a path from the root: redis+unix:///run/redis.sock\n"},
	{"store with an unknown parameter", false,
	 "store:\n"
	 "  url: redis+unix:///run/redis.sock?database=1\n",
	 "2:8: store.url may only have ?db=n after the path\n"},
	{"password in the open", false,
	 "registrar:\n"
	 "  auth:\n"
	 "    password: hunter2\n",
	 "3:15: registrar.auth.password must be a reference, never the secret itself: put it into "
	 "a file that only its owner can read (chmod 0400) and write file:/path; or cred:name, "
	 "env:NAME\n"},
	{"password in a list in the open", false,
	 "registrar:\n"
	 "  auth:\n"
	 "    password: [hunter2]\n",
	 "3:15: registrar.auth.password is one value, not a list: leave the brackets or dash "
	 "out\n"},
	{"store password in the open", false,
	 "store:\n"
	 "  password: hunter2\n",
	 "2:13: store.password must be a reference, never the secret itself: put it into a file "
	 "that only its owner can read (chmod 0400) and write file:/path; or cred:name, "
	 "env:NAME\n"},
	{"secret file with a relative path", false,
	 "store:\n"
	 "  password: file:secret\n",
	 "2:13: store.password needs a path from the root: file:/path\n"},
	{"credential with a path", false,
	 "store:\n"
	 "  password: cred:a/b\n",
	 "2:13: store.password needs the name of a credential: cred:name\n"},
	{"variable without a name", false,
	 "store:\n"
	 "  password: \"env:\"\n",
	 "2:13: store.password needs the name of a variable: env:NAME\n"},
	{"inline with one port", false,
	 "wire:\n"
	 "  mode: inline\n"
	 "  ports: [\"tap:a\"]\n",
	 "3:10: wire.ports has 1 port; mode inline joins them in pairs: an even number\n"},
	{"inline with three ports", false,
	 "wire:\n"
	 "  mode: inline\n"
	 "  ports: [\"tap:a\", \"tap:b\", \"tap:c\"]\n",
	 "3:10: wire.ports has 3 ports; mode inline joins them in pairs: an even number\n"},
	{"a bad port is not counted", false,
	 "wire:\n"
	 "  mode: inline\n"
	 "  ports: [eth0]\n",
	 "3:11: wire.ports `eth0` looks like an interface: write af_packet:eth0, or af_xdp:eth0 "
	 "where its driver can\n"},
	{"lead above half of expires", false,
	 "registrar:\n"
	 "  expires: 600s\n"
	 "  refresh_lead: 400s\n",
	 "3:17: registrar.refresh_lead is above half of registrar.expires: at most 5m\n"},
	{"expires too small for the default lead", false,
	 "registrar:\n"
	 "  expires: 100s\n",
	 "2:12: registrar.expires is too small for registrar.refresh_lead, which is 64s\n"},
	{"retry above its maximum", false,
	 "registrar:\n"
	 "  retry: 10m\n",
	 "2:10: registrar.retry is above registrar.retry_max: at most 5m\n"},
	{"maximum below the default retry", false,
	 "registrar:\n"
	 "  retry_max: 500ms\n",
	 "2:14: registrar.retry_max is too small for registrar.retry, which is 1s\n"},
	{"t1 above t2", false,
	 "registrar:\n"
	 "  t1: 5s\n",
	 "2:7: registrar.t1 is above registrar.t2: at most 4s\n"},
	{"key without a certificate", false,
	 "registrar:\n"
	 "  tls:\n"
	 "    key: /k\n",
	 "3:10: registrar.tls.key needs registrar.tls.certificate besides it\n"},
	{"certificate without a key", false,
	 "registrar:\n"
	 "  tls:\n"
	 "    certificate: /c\n",
	 "3:18: registrar.tls.certificate needs registrar.tls.key besides it\n"},
	{"user without a password", false,
	 "registrar:\n"
	 "  auth:\n"
	 "    user: offhook\n",
	 "3:11: registrar.auth.user needs registrar.auth.password besides it\n"},
	{"store user without a password", false,
	 "store:\n"
	 "  user: offhook\n",
	 "2:9: store.user needs store.password besides it\n"},
	{"a rule longer than a text", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: "
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
	 "      replace: b\n",
	 "3:14: directory.number_rules has a match longer than 255 octets\n"},
	{"number with a comma", false,
	 "calls:\n"
	 "  max_calls: 1,000,000\n",
	 "2:14: calls.max_calls `1,000,000` is no whole number: write 1000000\n"},
	{"value with a colon and a space", false,
	 "registrar:\n"
	 "  target: sip: host\n",
	 "2:14: mapping values are not allowed in this context; a colon is missing in the line "
	 "above, a text with `: ` needs quotes, or the indentation is wrong\n"},
	{"tls name with a port", false,
	 "registrar:\n"
	 "  tls:\n"
	 "    name: pool.example:5061\n",
	 "3:11: registrar.tls.name `pool.example:5061` is no name of a host or domain\n"},
	{"group with a slash", false,
	 "control:\n"
	 "  group: a/b\n",
	 "2:10: control.group `a/b` is no name of an account\n"},
	{"fragment time", false,
	 "wire:\n"
	 "  fragment_timeout: 5m\n",
	 "2:21: wire.fragment_timeout is too large: at most 1m\n"},
	{"EAL arguments as one", false,
	 "wire:\n"
	 "  eal_args: --no-huge\n",
	 "2:13: wire.eal_args is a list: write [\"--no-huge\"]\n"},
	{"seventeen EAL arguments", false,
	 "wire:\n"
	 "  eal_args: [a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a]\n",
	 "2:62: wire.eal_args has more than 16 items\n"},
	{"rule that matches nothing", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - {match: \"\", replace: a}\n",
	 "3:15: directory.number_rules has an empty match\n"},
	{"rule with two matches", false,
	 "directory:\n"
	 "  number_rules:\n"
	 "    - match: a\n"
	 "      replace: b\n"
	 "      match: c\n",
	 "5:7: directory.number_rules has a rule with two of match:\n"},
	{"registrar named twice in other capitals", false,
	 "registrar:\n"
	 "  T1: 1s\n"
	 "  t1: 1s\n",
	 "2:3: registrar.T1 is no setting; did you mean registrar.t1?\n"},
	{"text where YAML wants quotes", false,
	 "registrar:\n"
	 "  user_agent: @offhook\n",
	 "2:15: found character that cannot start any token; a text that begins with it needs "
	 "quotes\n"},
	{"text with a percent sign", false,
	 "registrar:\n"
	 "  user_agent: %offhook\n",
	 "2:15: found character that cannot start any token; a text that begins with it needs "
	 "quotes\n"},
	{"several lists with problems", false,
	 "wire:\n"
	 "  ports: [eth0, eth1]\n"
	 "calls:\n"
	 "  ignore:\n"
	 "    sources: [a, b]\n"
	 "  caller_identity: [form, to]\n",
	 "2:11: wire.ports `eth0` looks like an interface: write af_packet:eth0, or af_xdp:eth0 "
	 "where its driver can\n"
	 "2:17: wire.ports `eth1` looks like an interface: write af_packet:eth1, or af_xdp:eth1 "
	 "where its driver can\n"
	 "5:15: calls.ignore.sources `a` is no prefix of addresses, like 10.0.0.0/8 or "
	 "2001:db8::/32\n"
	 "5:18: calls.ignore.sources `b` is no prefix of addresses, like 10.0.0.0/8 or "
	 "2001:db8::/32\n"
	 "6:21: calls.caller_identity `form` is none of p-asserted-identity, remote-party-id, "
	 "from; did you mean from?\n"
	 "6:27: calls.caller_identity `to` is none of p-asserted-identity, remote-party-id, "
	 "from\n"},
};
