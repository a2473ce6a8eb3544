"""Mail: SendGrid and SMTP behind one contract, a fake, webhook signatures, and a stand-in."""
