// SPDX-License-Identifier: Apache-2.0
// Requests and answers over UDP, many of them with one system call.
#include "bench/registrar/listen.h"
#include "bench/registrar/server_inside.h"
#include "config/clock.h"

#include <netinet/in.h>

void datagram_send(struct server *server, const char *bytes, size_t len,
		   const struct sockaddr_storage *to)
{
	// A full socket loses it, as UDP may; the client asks again.
	if (sendto(server->udp, bytes, len, MSG_DONTWAIT, (const struct sockaddr *)to,
		   to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					     : sizeof(struct sockaddr_in)) > 0)
		server->totals.octets_out += len;
}

static void take_datagram(struct server *server, const char *bytes, size_t len,
			  const struct sockaddr_storage *from, uint64_t now_ns)
{
	struct origin origin = {.transport = "UDP"};
	struct reply reply;

	listen_name(from, origin.host, sizeof(origin.host), &origin.port);
	server->totals.octets_in += len;
	if (len == 0 || bytes[0] == '\r' || bytes[0] == '\n' || bytes[0] == '\0')
		return; // a keep-alive
	service_take(server->service, bytes, len, &origin, now_ns, server->answers, &reply);
	if (reply.len == 0)
		return;
	if (reply.delay_ns > 0) {
		server_put_off(server, &reply, server->answers, now_ns, DELAYED_DATAGRAM, from);
		return;
	}
	datagram_send(server, server->answers, reply.len, from);
	server_answers(server, reply.person, reply.status);
	server_answered(server);
}

void datagram_serve(struct server *server)
{
	uint64_t now_ns;
	int count;

	for (int i = 0; i < ROUND; i++) {
		server->vector[i] = (struct iovec){server->datagram[i], DATAGRAM_BYTES};
		server->message[i].msg_hdr = (struct msghdr){
			.msg_name = &server->from[i],
			.msg_namelen = sizeof(server->from[i]),
			.msg_iov = &server->vector[i],
			.msg_iovlen = 1,
		};
	}
	count = recvmmsg(server->udp, server->message, ROUND, MSG_DONTWAIT, NULL);
	now_ns = clock_mono_ns();
	for (int i = 0; i < count; i++)
		take_datagram(server, server->datagram[i], server->message[i].msg_len,
			      &server->from[i], now_ns);
}
