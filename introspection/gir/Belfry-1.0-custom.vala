/* SPDX-License-Identifier: LGPL-2.1-or-later */
namespace Belfry {
	public sealed class Client : GLib.Object {
		[CCode (array_length_type = "gsize")]
		public async int64[] create_many_async (GLib.Variant notifications, GLib.Cancellable? cancellable) throws GLib.Error;
	}
}
