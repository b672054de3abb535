// SPDX-License-Identifier: Apache-2.0
// What comes to us: answers on connections of the server's, and strangers.
#include "world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// RFC 3261 18.2.2: the server has lost the connection and comes to the address in the Via.
static void answer_on_a_new_connection(void **state)
{
	const char *via;
	char keep[SERVER_BYTES];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	memcpy(keep, world.server.request, sizeof(keep));
	via = strstr(server_header(&world.server, "Via"), "127.0.0.1:");
	assert_non_null(via);
	address.sin_port = htons((uint16_t)atoi(via + 10));
	if (world.server.from >= 0) {
		server_stop_tcp(&world.server);
		server_run(world.loop, 40);
		world.server.connection[0] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(
			connect(world.server.connection[0], (void *)&address, sizeof(address)), 0);
		world.server.from = 0;
	} else { // from another port than it was sent to
		world.server.peer = address;
		server_stop_udp(&world.server);
		world.server.udp = world.other.udp;
		world.other.udp = -1;
	}
	memcpy(world.server.request, keep, sizeof(keep));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	assert_string_equal(world.etag, "a");
	world_close();
}

// What comes there uninvited changes nothing.
static void strangers(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int stranger = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	(void)state;
	world_start("tcp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	address.sin_port = htons(
		(uint16_t)atoi(strstr(server_header(&world.server, "Via"), "127.0.0.1:") + 10));
	assert_int_equal(connect(stranger, (void *)&address, sizeof(address)), 0);
	assert_int_equal(send(stranger, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
	server_run(world.loop, 40);
	assert_int_equal(recv(stranger, &byte, 1, 0), 0); // put out
	close(stranger);
	stranger = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(stranger, (void *)&address, sizeof(address)), 0);
	server_run(world.loop, 40);
	world_go(11 * S); // says nothing
	server_run(world.loop, 40);
	assert_int_equal(recv(stranger, &byte, 1, 0), 0);
	close(stranger);
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(answer_on_a_new_connection),
		cmocka_unit_test(strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
