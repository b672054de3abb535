// SPDX-License-Identifier: Apache-2.0
// Settings files from text to struct: what is refused and how it is said, what is taken, and what a
// reload makes of two snapshots.

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/log.h"
#include "config/schema.h"
#include "config/settings.h"
#include "tests/config/broken_files.h"

static char path[] = "/tmp/offhook-settings-XXXXXX";

static int file_make(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int file_remove(void **state)
{
	return unlink(path);
}

static void file_write(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

// Loads text; the errors, without the file's name, are in a buffer that lives until the next call.
static int load(const char *text, size_t len, bool need_registrar, struct settings *out,
		const char **said)
{
	static char *errors, *plain;
	char prefix[64];
	size_t size, prefix_len;
	FILE *stream;
	int rc;

	free(errors);
	free(plain);
	file_write(text, len);
	stream = open_memstream(&errors, &size);
	rc = settings_load(path, need_registrar, out, NULL, stream);
	fclose(stream);
	prefix_len = (size_t)snprintf(prefix, sizeof(prefix), "%s:", path);
	plain = calloc(1, size + 1);
	for (char *line = errors, *end; (end = strchr(line, '\n')); line = end + 1) {
		assert_int_equal(strncmp(line, prefix, prefix_len), 0);
		strncat(plain, line + prefix_len, (size_t)(end - line) + 1 - prefix_len);
	}
	*said = plain;
	return rc;
}

static void load_good(const char *text, struct settings *out)
{
	const char *said;
	int rc = load(text, strlen(text), false, out, &said);

	if (rc)
		print_error("%s=> %s", text, said);
	assert_int_equal(rc, 0);
	assert_string_equal(said, "");
}

static void test_broken_files(void **state)
{
	static struct settings settings, untouched;
	unsigned int wrong = 0;
	const char *said;

	memset(&untouched, 0x55, sizeof(untouched));
	for (unsigned int i = 0; i < sizeof(broken_files) / sizeof(broken_files[0]); i++) {
		int rc;

		settings = untouched;
		rc = load(broken_files[i].yaml, strlen(broken_files[i].yaml),
			  broken_files[i].need_registrar, &settings, &said);
		if (rc == -EINVAL && strcmp(said, broken_files[i].expect) == 0 &&
		    memcmp(&settings, &untouched, sizeof(settings)) == 0)
			continue;
		print_error("%s: %d\n%s---\n%s", broken_files[i].name, rc, said,
			    broken_files[i].expect);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_secrets_are_not_repeated(void **state)
{
	for (unsigned int i = 0; i < sizeof(broken_files) / sizeof(broken_files[0]); i++)
		assert_null(strstr(broken_files[i].expect, "hunter2"));
}

static void test_good_values(void **state)
{
	static struct settings s;

	load_good("engine: {name: sbc-1_a, on_stop: keep, stop_timeout: 1m, sandbox: off}\n"
		  "log: {target: journal, level: debug}\n"
		  "wire:\n"
		  "  mode: inline\n"
		  "  ports: [0000:03:00.0, \"03:00.1\", \"net_tap0,iface=a\", af_xdp:b]\n"
		  "  cores: 1, 3-5\n"
		  "  poll: always\n"
		  "  memory: 1G\n"
		  "  ring_slots: 64\n"
		  "  vxlan_ports: [4790]\n"
		  "  hep_ports: []\n"
		  "  eal_args: [--log-level, lib.eal:debug, --log-level, pmd:debug]\n"
		  "calls:\n"
		  "  ack_timeout: off\n"
		  "  clear_delay: 500ms\n"
		  "  caller_identity: [from]\n"
		  "  ignore: {numbers: [], sources: [10.0.0.0/8, \"2001:db8::/32\"], "
		  "user_agents: [\"Teams*\"]}\n"
		  "directory:\n"
		  "  number_rules:\n"
		  "    - {match: \"00(.*)\", replace: \"+\\\\1\"}\n"
		  "    - {match: \"x\", replace: \"\"}\n"
		  "registrar:\n"
		  "  target: sip:pool.example\n"
		  "  listen: \"[::]:5060\"\n"
		  "  rate: 30/m\n"
		  "  refresh_jitter: 0\n"
		  "  auth: {user: u, password: cred:registrar}\n"
		  "  tls: {certificate: /c, key: /k, min_version: 1.0}\n"
		  "store: {url: \"redis+unix:///run/redis.sock?db=1\", password: \"env:PW\"}\n"
		  "control: {metrics: off}\n",
		  &s);
	assert_string_equal(s.engine.name, "sbc-1_a");
	assert_int_equal(s.engine.on_stop, STOP_KEEP);
	assert_true(s.engine.stop_timeout_ns == UINT64_C(60000000000));
	assert_false(s.engine.sandbox);
	assert_int_equal(s.log.target, LOG_TO_JOURNAL);
	assert_int_equal(s.log.level, LOG_DEBUG);
	assert_int_equal(s.wire.port_count, 4);
	assert_string_equal(s.wire.port[1], "03:00.1");
	assert_true(s.wire.cores == 0x3a);
	assert_int_equal(s.wire.poll, POLL_ALWAYS);
	assert_true(s.wire.memory_bytes == UINT64_C(1) << 30);
	assert_int_equal(s.wire.vxlan_port_count, 1);
	assert_int_equal(s.wire.vxlan_port[0], 4790);
	assert_int_equal(s.wire.vxlan_port[1], 0);
	assert_int_equal(s.wire.geneve_port_count, 1);
	assert_int_equal(s.wire.geneve_port[0], 6081);
	assert_int_equal(s.wire.hep_port_count, 0);
	assert_int_equal(s.wire.eal_arg_count, 4);
	assert_true(s.calls.ack_timeout_ns == 0);
	assert_true(s.calls.clear_delay_ns == 500000000);
	assert_int_equal(s.calls.caller_identity[0], IDENTITY_FROM);
	assert_int_equal(s.calls.caller_identity[1], IDENTITY_NONE);
	assert_int_equal(s.calls.callee_identity[2], IDENTITY_TO);
	assert_int_equal(s.calls.ignore_number_count, 0);
	assert_string_equal(s.calls.ignore_number[0], "");
	assert_string_equal(s.calls.ignore_source[1], "2001:db8::/32");
	assert_int_equal(s.directory.number_rule_count, 2);
	assert_string_equal(s.directory.number_rule[0].replace, "+\\1");
	assert_int_equal(s.registrar.target_count, 1);
	assert_string_equal(s.registrar.target[0], "sip:pool.example");
	assert_true(s.registrar.rate == 0.5);
	assert_int_equal(s.registrar.refresh_jitter_percent, 0);
	assert_int_equal(s.registrar.tls_min_version, TLS_VERSION_1_0);
	assert_string_equal(s.control.metrics, "");
}

static void test_good_texts(void **state)
{
	static const char *const good[] = {
		"registrar: {target: \"sips:[2001:db8::1]:5061;transport=tls\"}\n",
		"registrar: {target: [sip:a.example, \"SIP:192.0.2.1;transport=UDP\"]}\n",
		"store: {url: redis://host}\n",
		"store: {url: \"redis://[::1]:6380/2\"}\n",
		"store: {url: memory}\n",
		"store: {redis_server: /usr/bin/redis-server}\n",
		"wire: {ports: [tap:a, \"pcap:/tmp/a b.pcap\"]}\n",
		"directory: {map_any: sfb.example}\n",
		"registrar: {activity: busy}\n",
		"engine:\nlog:\n",
		"\357\273\277engine:\r\n  name: windows\r\n",
		"# nothing but a comment\n",
		"",
	};
	static struct settings settings;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		load_good(good[i], &settings);
}

static void test_hostile_files(void **state)
{
	static struct settings settings;
	const size_t size = (1 << 20) + 1;
	char *text = malloc(size);
	const char *said;

	memset(text, ' ', size);
	assert_int_equal(load(text, size, false, &settings, &said), -EINVAL);
	assert_string_equal(said, "1:1: larger than 1 MiB: no settings file\n");
	memset(text, '[', size);
	assert_int_equal(load(text, size - 1, false, &settings, &said), -EINVAL);
	assert_string_equal(
		said, "1:9: nested deeper than any setting: check the indentation and brackets\n");
	for (size_t i = 0; i + 5 <= size; i += 5)
		memcpy(text + i, "a: b\n", 5);
	assert_int_equal(load(text, size / 5 * 5, false, &settings, &said), -EINVAL);
	assert_non_null(strstr(said, "more values than settings can have"));
	free(text);
}

static void test_problems_are_limited(void **state)
{
	static struct settings settings;
	char text[4096];
	const char *said;
	size_t len = 0;
	unsigned int lines = 0;

	for (unsigned int i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "z%u: 1\n", i);
	assert_int_equal(load(text, len, false, &settings, &said), -EINVAL);
	for (const char *at = said; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 201);
	assert_non_null(strstr(said, "200:1: z199 is no setting\n 100 more problems\n"));
}

// Each prefix of a good file is taken or refused, never anything else.
static void test_cut_files(void **state)
{
	static const char whole[] =
		"wire: {ports: [\"tap:a\"], mode: tap}\nregistrar:\n  tls:\n"
		"    - \"x\\x41\"\n  target: 'sip:a'\n  # comment\n  expires: 60";
	static struct settings settings;
	const char *said;

	for (size_t len = 0; len < sizeof(whole); len++) {
		int rc = load(whole, len, true, &settings, &said);

		assert_int_equal(rc, -EINVAL);
		assert_string_not_equal(said, "");
	}
}

static void test_no_file(void **state)
{
	static struct settings settings;
	char *errors;
	size_t size;
	FILE *stream = open_memstream(&errors, &size);

	assert_int_equal(settings_load("/nowhere/offhook.yaml", true, &settings, NULL, stream),
			 -ENOENT);
	assert_int_equal(settings_load("/", true, &settings, NULL, stream), -EISDIR);
	fclose(stream);
	assert_string_equal(errors, "/nowhere/offhook.yaml: No such file or directory\n"
				    "/: Is a directory\n");
	free(errors);
}

// The line of a key, without what follows it.
static const char *row_of(const char *page, const char *key)
{
	static char row[512];
	const char *at = strstr(page, key);

	assert_non_null(at);
	snprintf(row, sizeof(row), "%.*s", (int)strcspn(at, "\n"), at);
	return row;
}

static void test_print(void **state)
{
	static const char text[] = "engine:\n  name: sbc1\nregistrar:\n  rate: 6/m\n  auth:\n"
				   "    password: file:/secret\n";
	static struct settings settings;
	struct settings_origin *origin;
	char *page, word[3][256], from[64];
	size_t size, column = 0;
	FILE *stream = open_memstream(&page, &size);

	file_write(text, strlen(text));
	assert_int_equal(settings_load(path, false, &settings, &origin, stderr), 0);
	settings_print(&settings, origin, stream);
	settings_origin_free(origin);
	fclose(stream);

	assert_int_equal(sscanf(row_of(page, "engine.name"), "%*s %255s %255s %255s", word[0],
				word[1], word[2]),
			 3);
	snprintf(from, sizeof(from), "%s:2", path);
	assert_string_equal(word[0], "sbc1");
	assert_string_equal(word[1], from);
	assert_string_equal(word[2], "restart");
	assert_int_equal(
		sscanf(row_of(page, "registrar.rate"), "%*s %255s %*s %255s", word[0], word[1]), 2);
	assert_string_equal(word[0], "6/m");
	assert_string_equal(word[1], "live");
	assert_non_null(strstr(row_of(page, "registrar.auth.password"), " file:/secret "));
	assert_non_null(strstr(row_of(page, "store.url"), " default "));
	// Every key, the last column below itself.
	for (unsigned int i = 0; i < schema_key_count; i++) {
		const char *row = row_of(page, schema_keys[i].path);
		size_t here = (size_t)(strrchr(row, ' ') - row);

		assert_true(i == 0 || here == column);
		column = here;
	}
	free(page);
}

// What is printed is what a file may say: reading it back gives the same settings.
static void test_print_reads_back(void **state)
{
	static struct settings settings, again;
	char value[8192], text[8400];
	char *page, *line, *rest;
	size_t size;
	FILE *stream = open_memstream(&page, &size);

	settings_default(&settings);
	settings_print(&settings, NULL, stream);
	fclose(stream);
	rest = page;
	for (unsigned int i = 0; i < schema_key_count; i++) {
		char section[64], *dot, *second;

		line = strsep(&rest, "\n");
		assert_int_equal(sscanf(line, "%*s  %8191[^\n]", value), 1);
		*strstr(value, "  ") = '\0';
		if (strcmp(value, "-") == 0)
			continue;
		snprintf(section, sizeof(section), "%s", schema_keys[i].path);
		dot = strchr(section, '.');
		*dot++ = '\0';
		second = strchr(dot, '.');
		if (second) {
			*second++ = '\0';
			snprintf(text, sizeof(text), "%s: {%s: {%s: %s}}\n", section, dot, second,
				 value);
		} else {
			snprintf(text, sizeof(text), "%s:\n  %s: %s\n", section, dot, value);
		}
		load_good(text, &again);
		assert_memory_equal(&again, &settings, sizeof(settings));
	}
	free(page);
}

struct differences {
	char live[512], restart[512];
};

static void note(void *ctx, const char *key, bool live)
{
	struct differences *differences = ctx;
	char *list = live ? differences->live : differences->restart;

	strcat(strcat(list, key), " ");
}

static void test_reload(void **state)
{
	static struct settings running, next;
	struct differences differences = {"", ""};

	load_good("wire: {ports: [\"tap:a\"]}\ncalls: {ignore: {numbers: [\"1\", \"2\"]}}\n"
		  "registrar: {user_agent: a long name}\n",
		  &running);
	load_good("wire: {ports: [\"tap:a\", \"tap:b\"], poll: always}\n"
		  "calls: {ignore: {numbers: [\"1\"]}, caller_identity: [from]}\n"
		  "registrar: {user_agent: a, listen: \"127.0.0.1:0\", rate: 1/s}\n"
		  "engine: {on_stop: keep, poll: always}\n",
		  &next);
	settings_diff(&running, &running, note, &differences);
	assert_string_equal(differences.live, "");
	assert_string_equal(differences.restart, "");
	settings_diff(&running, &next, note, &differences);
	assert_string_equal(
		differences.live,
		"engine.on_stop engine.poll wire.poll calls.caller_identity calls.ignore.numbers "
		"registrar.user_agent registrar.rate ");
	assert_string_equal(differences.restart, "wire.ports registrar.listen ");

	settings_apply_live(&running, &next);
	assert_int_equal(running.engine.poll, POLL_ALWAYS);
	assert_int_equal(running.wire.poll, POLL_ALWAYS);
	assert_int_equal(running.calls.ignore_number_count, 1);
	assert_string_equal(running.registrar.user_agent, "a");
	assert_int_equal(running.wire.port_count, 1);
	memset(&differences, 0, sizeof(differences));
	settings_diff(&running, &next, note, &differences);
	assert_string_equal(differences.live, "");
	assert_string_equal(differences.restart, "wire.ports registrar.listen ");
}

static void test_default_name(void **state)
{
	static struct settings settings;

	settings_default(&settings);
	assert_true(settings.engine.name[0] != '\0');
	assert_int_equal(strspn(settings.engine.name,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-_"),
			 strlen(settings.engine.name));
}

static void test_files_beside_the_settings(void **state)
{
	static const char text[] = "directory: {file: persons.csv}\n"
				   "registrar: {tls: {ca: /etc/ca.pem}}\n";
	struct settings settings;
	const char *said;

	assert_int_equal(load(text, sizeof(text) - 1, false, &settings, &said), 0);
	assert_string_equal(settings.directory.file, "/tmp/persons.csv");
	assert_string_equal(settings.registrar.tls_ca, "/etc/ca.pem");
	assert_string_equal(settings.registrar.tls_key, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_secrets_are_not_repeated),
		cmocka_unit_test(test_good_values),
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_problems_are_limited),
		cmocka_unit_test(test_cut_files),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_reads_back),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_default_name),
		cmocka_unit_test(test_files_beside_the_settings),
	};

	return cmocka_run_group_tests(tests, file_make, file_remove);
}
